import Testing

/// Tests that start whole programs. One at a time: they wait a lot, and the machine has better use for its cores.
@Suite(.serialized) enum EndToEnd {}

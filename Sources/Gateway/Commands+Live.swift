extension Commands {
  /// The commands as they run outside of tests.
  package static let live = Commands(
    serve: { _ in throw CommandError("serve: not in this build") },
    map: { _ in throw CommandError("map: not in this build") },
    check: { _ in throw CommandError("check: not in this build") },
    events: { _ in throw CommandError("events: not in this build") },
    replay: { command in try command.run(identify: { _ in nil }) })
}

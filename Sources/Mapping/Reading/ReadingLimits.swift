/// Limits on what is read as a mapping. The tables are written by people; whatever is beyond these is no table.
package enum ReadingLimits {
  /// Files of one set. The stock set has about forty.
  package static let filesMax = 256
  /// Bytes of one file. The largest stock file has about 10 KiB.
  package static let fileBytesMax = 1 << 20
  /// Nodes of one file with its aliases written out, so that a few lines of aliases cannot fill the memory.
  package static let nodesMax = 100_000
  /// How deep maps and lists may nest; a rule in a condition in a rule reaches ten.
  package static let depthMax = 64
  /// Keys given twice that are told of, a file; finding each costs another parse.
  package static let repeatedKeysMax = 20
  /// Bytes of a path. OpenTelemetry's own attribute names stay below 64.
  package static let pathBytesMax = 512
  /// Segments of a pointer: the depth to which JSON in attributes is read.
  package static let pointerSegmentsMax = 64
  /// How deep conditions nest; comparing two of them costs more with each level.
  package static let conditionDepthMax = 8
  /// Comparisons spent on the question whether one condition implies another, before the answer is "cannot tell".
  package static let implicationStepsMax = 10_000
  /// Longer lines are not shown below a diagnostic.
  package static let shownLineMax = 400
  /// Longer names get no "did you mean": nobody mistypes a name of that length.
  package static let suggestedNameMax = 64
}

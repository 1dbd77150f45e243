import Sampling

/// How delivery samples.
struct SamplingSettings {
  /// Keeps everything by default.
  var policy = SamplingPolicy()
  /// There is a policy: patterns are counted also while it keeps everything.
  var isWatching = false
  /// How long an error may come after the rest of its trace was left out, and still bring it out; nanoseconds of arrival
  /// time.
  var errorsWait: UInt64 = 600_000_000_000
  /// Bytes that one lane may keep on disk for that; above it the oldest are given up.
  var leftOutBytesMax = 256 << 20
  /// What it may hold in memory to find them: some 60,000 traces.
  var leftOutMemoryMax = 16 << 20
  /// Sixteen random bytes.
  var instance: () -> [UInt8] = { (0..<16).map { _ in UInt8.random(in: 0...255) } }
}

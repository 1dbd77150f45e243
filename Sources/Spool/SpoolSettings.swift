/// The bounds of a spool.
package struct SpoolSettings: Sendable, Equatable {
  /// Bytes of the store in use above which requests are refused (`HOGLET_SPOOL_MAX_BYTES`). 8 GiB: a night of a busy
  /// application's traces, on the disk of a small machine.
  package var bytesMax = 8 << 30
  /// One key's requests may take this share of `bytesMax`. A half: whoever fills it leaves the others room to be served.
  package var keyShare = 0.5
  /// Free bytes that must stay on the disk; nil for 1 GiB, or 5 % of the disk if that is less.
  package var freeBytesMin: Int?
  /// Bytes of requests that may wait for their commit. 32 MiB: half a second of a slow disk; one request of any size
  /// is taken when nothing waits.
  package var queueBytesMax = 32 << 20
  /// Bytes of requests in one transaction, which LMDB holds in memory until it commits; more go into the next.
  /// 4 MiB: far over what one sync costs, little memory. One request may be larger.
  package var commitBytesMax = 4 << 20
  /// How many project keys may have a lane.
  package var lanesMax = 1000
  /// Room in the map over `bytesMax`, for free pages that no value fits in and for deletions when the spool is full.
  /// It is address space and at worst file size, not memory.
  package var slackBytes = 1 << 30
  /// Dead letters may take this share of `bytesMax`; over it the oldest of the lane that adds one go.
  package var deadLettersShare = 0.125

  /// Damaged values that were set aside may take this share of `bytesMax`; over it the first ones go.
  package var quarantineShare = 0.125

  /// A data file larger than this is compacted at the start if hardly any of it is in use. 1 GiB: below, the space is
  /// better kept for the next backlog.
  package var compactionBytesMin = 1 << 30

  package init() {}

  /// What one key's requests may take up.
  var keyBytesMax: Int { Int(Double(bytesMax) * keyShare) }

  /// Of a disk of `total` bytes, how many must stay free by default.
  package static func freeBytesMin(total: Int) -> Int {
    min(1 << 30, total / 20)
  }
}

import Glibc

/// What is kept for a second pass, on disk and not in memory. It has no name, so that nothing is left behind.
struct TemporaryFile: ~Copyable {
  private static let bufferBytes = 65_536

  let file: Int32
  private let folder: String
  private var buffer: [UInt8] = []

  /// Makes one in TMPDIR, or in /tmp.
  init() throws(CommandError) {
    let set = ProcessEnvironment.variables["TMPDIR"] ?? ""
    folder = set.isEmpty ? "/tmp" : set
    var path = Array("\(folder)/hoglet-patterns-XXXXXX".utf8CString)
    file = unsafe path.withUnsafeMutableBufferPointer { path in
      guard let base = path.baseAddress else { return -1 }
      let file = unsafe mkstemp(base)
      if file >= 0 { unsafe unlink(base) }
      return file
    }
    if file < 0 { throw Self.failure(folder, errno) }
    buffer.reserveCapacity(Self.bufferBytes * 2)
  }

  deinit { close(file) }

  mutating func append(_ bytes: some Sequence<UInt8>) throws(CommandError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Everything is written, and read from the beginning next.
  mutating func rewind() throws(CommandError) {
    try flush()
    _ = lseek(file, 0, SEEK_SET)
  }

  /// The next bytes after `rewind`, at most `bufferBytes`; empty at the end.
  func read() throws(CommandError) -> [UInt8] {
    while true {
      var failure: Int32 = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.bufferBytes) { bytes, count in
        let got = unsafe Glibc.read(file, bytes.baseAddress, Self.bufferBytes)
        failure = got < 0 ? errno : 0
        count = max(got, 0)
      }
      if failure == 0 { return bytes }
      if failure != EINTR { throw Self.failure(folder, failure) }
    }
  }

  private mutating func flush() throws(CommandError) {
    var done = 0
    while done < buffer.count {
      let count = unsafe buffer.withUnsafeBytes { bytes in
        unsafe write(file, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      }
      if count < 0, errno != EINTR { throw Self.failure(folder, errno) }
      done += max(count, 0)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func failure(_ folder: String, _ code: Int32) -> CommandError {
    CommandError(
      "no temporary file in \(folder): \(LineReader.reason(code)); set TMPDIR to a folder with room, or use --stream or --summary"
    )
  }
}

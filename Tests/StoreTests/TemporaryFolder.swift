import Glibc

/// A folder of one test's own, gone when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/hoglet-store-XXXXXX".utf8CString)
    path = unsafe template.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress, let made = unsafe mkdtemp(base) else { return "" }
      return unsafe String(cString: made)
    }
    precondition(!path.isEmpty, "no temporary folder can be made below /tmp")
  }

  /// The names of the files in it.
  var files: [String] {
    var names: [String] = []
    guard let folder = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(folder) }
    while let entry = unsafe readdir(folder) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  deinit {
    for name in files { unsafe unlink("\(path)/\(name)") }
    unsafe rmdir(path)
  }
}

/// The permission bits of a file.
func permissions(of path: String) -> mode_t? {
  var status = stat()
  guard unsafe stat(path, &status) == 0 else { return nil }
  return status.st_mode & 0o777
}

/// What SQLite's own command-line program answers: another process, and another reader than ours.
func sqlite3(_ path: String, _ commands: String...) -> String {
  let arguments = commands.map { "\"\($0)\"" }.joined(separator: " ")
  guard let pipe = unsafe popen("sqlite3 '\(path)' \(arguments) 2>&1", "r") else { return "" }
  defer { unsafe pclose(pipe) }
  var output: [UInt8] = []
  while case let byte = unsafe fgetc(pipe), byte != EOF { output.append(UInt8(byte)) }
  if output.last == 0x0a { output.removeLast() }
  return String(decoding: output, as: UTF8.self)
}

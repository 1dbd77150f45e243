import Glibc

enum ShellError: Error { case noProcess, failed(CInt) }

/// What a shell command writes.
@discardableResult
func shell(_ command: String) throws -> String {
  guard let stream = unsafe popen(command, "r") else { throw ShellError.noProcess }
  var output = [UInt8]()
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = unsafe fread(&chunk, 1, chunk.count, stream)
    if count == 0 { break }
    output.append(contentsOf: chunk[..<count])
  }
  let status = unsafe pclose(stream)
  guard status == 0 else { throw ShellError.failed(status) }
  return String(decoding: output, as: UTF8.self)
}

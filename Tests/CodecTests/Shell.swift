import Codec
import Glibc

/// Runs a shell command with `input` on its standard input; what it writes. The programs that made the format are the
/// judges of these tests.
func shell(_ command: String, input: [UInt8] = []) throws -> [UInt8] {
  var template = Array("/tmp/codec-XXXXXX".utf8CString)
  let descriptor = unsafe mkstemp(&template)
  guard descriptor >= 0 else { throw ShellError.noTemporaryFile }
  let path = unsafe template.withUnsafeBufferPointer { unsafe String(cString: $0.baseAddress.unsafelyUnwrapped) }
  defer {
    close(descriptor)
    unsafe unlink(path)
  }
  var written = 0
  while written < input.count {
    let count = unsafe input.withUnsafeBytes {
      unsafe write(descriptor, $0.baseAddress.unsafelyUnwrapped + written, $0.count - written)
    }
    guard count > 0 else { throw ShellError.noTemporaryFile }
    written += count
  }
  guard let stream = unsafe popen("(\(command)) < \(path)", "r") else { throw ShellError.noProcess }
  var output = [UInt8]()
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = unsafe fread(&chunk, 1, chunk.count, stream)
    if count == 0 { break }
    output.append(contentsOf: chunk[..<count])
  }
  let status = unsafe pclose(stream)
  guard status == 0 else { throw ShellError.failed(command, status) }
  return output
}

enum ShellError: Error {
  case noTemporaryFile, noProcess
  case failed(String, CInt)
}

/// A seeded generator (SplitMix64), so that a failure can be run again.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// Text that packs about as well as telemetry does.
func sampleText(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  let words = [
    "gen_ai.request.model", "gpt-4o", "trace", "span", "{\"role\":\"user\",", "\"content\":", "tokens", "0", "17",
  ]
  var random = Seeded(state: seed)
  var bytes = [UInt8]()
  bytes.reserveCapacity(count + 32)
  while bytes.count < count {
    bytes.append(contentsOf: words[Int.random(in: 0..<words.count, using: &random)].utf8)
    bytes.append(UInt8.random(in: 0x20...0x7e, using: &random))
  }
  return Array(bytes[..<count])
}

/// One way to pack bytes that a real program offers.
struct Packing: CustomStringConvertible, Sendable {
  let name: String
  let encoding: ContentEncoding
  let command: String
  var description: String { name }

  static func python(_ name: String, _ encoding: ContentEncoding, windowBits: Int) -> Packing {
    let program =
      "import sys,zlib; c=zlib.compressobj(6,zlib.DEFLATED,\(windowBits)); "
      + "sys.stdout.buffer.write(c.compress(sys.stdin.buffer.read())+c.flush())"
    return Packing(name: name, encoding: encoding, command: "python3 -c '\(program)'")
  }

  static let all = [
    Packing(name: "gzip -6", encoding: .gzip, command: "gzip -6 -c"),
    Packing(name: "gzip -1 with a name in the header", encoding: .gzip, command: "gzip -1 -N -c"),
    python("zlib's gzip", .gzip, windowBits: 31),
    python("zlib", .deflate, windowBits: 15),
    python("zlib with a small window", .deflate, windowBits: 9),
    python("raw deflate", .deflate, windowBits: -15),
    Packing(name: "zstd without a size", encoding: .zstd, command: "cat | zstd -q -c"),
    Packing(name: "zstd with a size", encoding: .zstd, command: "zstd -q -c --stream-size=$(stat -L -c %s /dev/stdin)"),
    Packing(name: "zstd -19 without a checksum", encoding: .zstd, command: "zstd -q -19 --no-check -c"),
  ]
}

import Glibc

/// Fuzz targets for libFuzzer, all in one program: `Fuzzing --target=NAME [libFuzzer's flags] CORPUS…`. Built and run by
/// scripts/fuzz.sh only; an ordinary build knows nothing of it.
///
/// A target is told what came in, and traps where a promise is not kept. To add one, write its file and name it below.
@main
enum Fuzzing {
  static let targets: [(name: String, run: @Sendable ([UInt8]) -> Void)] = [
    ("otlp", OTLPTarget.run),
    ("json", JSONTarget.run),
    ("grpc", GRPCTarget.run),
    ("wire", WireTarget.run),
    ("mapping", MappingTarget.run),
    ("records", RecordsTarget.run),
    ("store", StoreTarget.run),
    ("token", TokenTarget.run),
  ]

  private static let chosen = targets.first { CommandLine.arguments.contains("--target=\($0.name)") }

  static func main() {
    guard chosen != nil else {
      print(targets.map(\.name).joined(separator: "\n"))
      exit(64)
    }
    // libFuzzer takes a flag with two dashes for somebody else's, and starts the program again with all of them.
    var arguments = unsafe CommandLine.unsafeArgv
    var count = CommandLine.argc
    exit(unsafe runDriver(&count, &arguments, testOneInput))
  }

  static func run(_ input: [UInt8]) { chosen?.run(input) }

  /// Traps unless a promise was kept.
  static func expect(_ isKept: @autoclosure () -> Bool, _ promise: @autoclosure () -> String) {
    if !isKept() { fatalError("broken promise: \(promise())") }
  }
}

@c(LLVMFuzzerTestOneInput)
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  unsafe Fuzzing.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// libFuzzer's own `main`, which the compiler brings but has no header for.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

import Glibc

@testable import Spool

/// The data file of a spool that a disk has damaged: the check before LMDB sees it comes to an end, and reads nothing
/// that is not there.
enum StoreTarget {
  private static let path = "/dev/shm/hoglet-fuzzing-\(getpid())"

  static func run(_ input: [UInt8]) {
    guard let file = unsafe fopen(path, "we") else { fatalError("cannot write \(path)") }
    unsafe fwrite(input, 1, input.count, file)
    unsafe fclose(file)
    defer { unsafe unlink(path) }
    guard var check = StoreCheck(path) else { return }
    for tree in check.trees.values {
      check.each(tree) { check, _, value in
        Fuzzing.expect(check.bytes(value).count == value.count, "a value that was found is there")
      }
    }
  }
}

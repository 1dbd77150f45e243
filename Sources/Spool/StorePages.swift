import Bytes
import Glibc

/// The pages of a data file that nobody has open, as `lmdb.h` 0.9 lays them out. Read past LMDB, which trusts whatever a
/// page says of itself: a bad one would end the process.
struct StorePages: ~Copyable {
  private let file: Int32
  let fileBytes: Int
  /// The page that was read last.
  private(set) var bytes: [UInt8]

  static let pageBytes = Environment.pageBytes
  /// Every page begins with its number, two bytes of padding, flags, and the bounds of its free space.
  static let headerBytes = 16

  /// Nil if there is no file, or nothing in it.
  init?(_ path: String) {
    file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    bytes = [UInt8](repeating: 0, count: Self.pageBytes)
    fileBytes = file < 0 ? 0 : Int(lseek(file, 0, SEEK_END))
    if fileBytes <= 0 {
      close(file)
      return nil
    }
  }

  deinit { close(file) }

  /// Reads a page; what the file does not have is zero.
  mutating func read(_ page: UInt64) {
    let offset = off_t(page) * off_t(Self.pageBytes)
    let count = unsafe max(0, pread(file, &bytes, Self.pageBytes, offset))
    for place in count..<Self.pageBytes { bytes[place] = 0 }
  }

  /// The bytes of a value that has pages of its own.
  func value(at page: UInt64, count: Int) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: count)
    _ = unsafe pread(file, &value, count, off_t(page) * off_t(Self.pageBytes) + off_t(Self.headerBytes))
    return value
  }

  func word(_ offset: Int) -> UInt64 { bytes.span.word(at: offset) }
  func half(_ offset: Int) -> Int { Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 }
}

/// What LMDB notes of a tree.
struct StoreTree {
  /// Of a tree without pages.
  static let none = UInt64.max
  static let recordBytes = 48

  var flags: Int
  var depth: Int
  /// Branch pages, leaf pages, pages of large values, entries.
  var counts: [UInt64]
  var root: UInt64

  init(_ bytes: ByteSpan, at offset: Int) {
    let first = bytes.word(at: offset)
    flags = Int(first &>> 32) & 0xffff
    depth = Int(first &>> 48)
    counts = (0..<4).map { bytes.word(at: offset + 8 + 8 * $0) }
    root = bytes.word(at: offset + 40)
  }
}

/// One of the two first pages, which commits write in turn.
struct StoreMeta {
  private static let magic: UInt64 = 0xbeef_c0de
  private static let version: UInt64 = 1
  private static let metaFlag = 8
  /// A tebibyte: no spool is as large, and a bit for each page has room in memory.
  private static let pagesMax: UInt64 = 1 &<< 28
  /// The free pages' tree has whole numbers for keys.
  static let freeFlags = 8

  var free: StoreTree
  var names: StoreTree
  var lastPage: UInt64
  var commit: UInt64

  /// Nil if the page that was read is none.
  init?(_ pages: borrowing StorePages, slot: UInt64) {
    let start = StorePages.headerBytes
    guard pages.half(10) & Self.metaFlag != 0, pages.word(start) == Self.magic | Self.version &<< 32,
      pages.word(start + 24) & 0xffff_ffff == UInt64(StorePages.pageBytes)
    else { return nil }
    free = StoreTree(pages.bytes.span, at: start + 24)
    names = StoreTree(pages.bytes.span, at: start + 72)
    lastPage = pages.word(start + 120)
    commit = pages.word(start + 128)
    guard lastPage >= 1, lastPage < Self.pagesMax, commit == 0 || commit & 1 == slot else { return nil }
  }
}

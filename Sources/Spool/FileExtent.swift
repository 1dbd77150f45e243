import Glibc

/// Where the data file ends within the map, as a transaction finds it. A damaged length can point past it, where reading
/// would kill the process (SIGBUS).
struct FileExtent {
  /// The addresses of the map; empty if not known.
  let map: Range<Int>
  let fileBytes: Int
  /// The open data file.
  var file: Int32 = -1

  /// The bytes of a value; none if it claims more than the file has, so that it fails its checksum. What lies outside of
  /// the map is memory of a write transaction, and sound.
  func bytes(_ start: UnsafeMutableRawPointer?, count: Int) -> UnsafeRawBufferPointer {
    let address = Int(bitPattern: start)
    let passes = map.contains(address) && count > map.lowerBound + fileBytes - address
    return unsafe UnsafeRawBufferPointer(start: start, count: passes ? 0 : count)
  }

  /// Where in the data file a value stands; nil if it does not or if that is not known. The map begins with the file.
  func offset(_ value: UnsafeRawBufferPointer) -> Int? {
    let address = Int(bitPattern: value.baseAddress)
    return map.contains(address) ? address - map.lowerBound : nil
  }

  /// Makes right what the page in front of a large value says of itself, before LMDB frees by it as many pages as it says.
  /// The value's own checksum does not cover that page's header, and its size in the tree was checked at the start.
  func mend(_ value: UnsafeRawBufferPointer) {
    let page = Environment.pageBytes
    guard let offset = unsafe self.offset(value), offset % page == StorePages.headerBytes, value.count > 0 else {
      return
    }
    let start = offset - StorePages.headerBytes
    let largeValue: UInt64 = 4
    let count = (StorePages.headerBytes - 1 + value.count) / page + 1
    var header = [UInt64(start / page), largeValue &<< 16 | UInt64(count) &<< 32]
    let isRight = unsafe value.baseAddress.map { first in
      let found = unsafe first - StorePages.headerBytes
      return unsafe found.loadUnaligned(as: UInt64.self) == header[0]
        // Two bytes in between mean nothing.
        && found.loadUnaligned(fromByteOffset: 8, as: UInt64.self) &>> 16 == header[1] &>> 16
    }
    if isRight == false { unsafe pwrite(file, &header, StorePages.headerBytes, off_t(start)) }
  }
}

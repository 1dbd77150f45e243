/// Where the data file ends within the map, as a transaction finds it. A damaged length can point past it, where reading
/// would kill the process (SIGBUS).
struct FileExtent {
  /// The addresses of the map; empty if not known.
  let map: Range<Int>
  let fileBytes: Int

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
}

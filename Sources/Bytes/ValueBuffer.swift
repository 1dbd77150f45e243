/// A growing run of plain values with one owner: what `ByteBuffer` is for bytes. Tables that are read and written for
/// every attribute of every span stand in it, because an array asks at each write whether somebody else holds it too.
@safe @frozen @usableFromInline
package struct ValueBuffer<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<Element>
  @usableFromInline var capacity: Int
  @usableFromInline var length = 0

  @inlinable package init() {
    capacity = 64
    unsafe base = .allocate(capacity: 64)
  }

  @inlinable deinit { unsafe base.deallocate() }

  @inlinable package var count: Int { length }

  @inlinable package subscript(index: Int) -> Element {
    @inline(__always) get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: length))
      return unsafe base[index]
    }
    @inline(__always) set {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: length))
      unsafe base[index] = newValue
    }
  }

  /// Makes it `count` values long; the new ones are `value`.
  @inlinable package mutating func extend(to count: Int, with value: Element) {
    if count <= length { return }
    if count > capacity { grow(count) }
    unsafe (base + length).initialize(repeating: value, count: count &- length)
    length = count
  }

  /// Forgets everything and holds `count` times `value`.
  @inlinable package mutating func fill(_ count: Int, with value: Element) {
    length = 0
    extend(to: count, with: value)
  }

  @inlinable package mutating func append(_ value: Element) {
    if length == capacity { grow(length &+ 1) }
    unsafe base[length] = value
    length &+= 1
  }

  /// Appends all of it to an array.
  @inlinable package func appendAll(to array: inout [Element]) {
    unsafe array.append(contentsOf: UnsafeBufferPointer(start: base, count: length))
  }

  @inlinable package mutating func removeAll() { length = 0 }

  @usableFromInline mutating func grow(_ count: Int) {
    let wanted = max(capacity * 2, count)
    let bigger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
    unsafe bigger.update(from: base, count: length)
    unsafe base.deallocate()
    unsafe base = bigger
    capacity = wanted
  }
}

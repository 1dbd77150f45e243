import Glibc

/// A growing run of bytes that one owner writes to: what events, requests and responses are built in.
///
/// `[UInt8]` would do the same, but pays a uniqueness check on every append; this type cannot be copied, so it need not.
@safe @frozen @usableFromInline
package struct ByteBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  /// The memory it holds.
  @usableFromInline package internal(set) var capacity: Int
  /// How many bytes have been written.
  @inlinable package var count: Int { length }
  @usableFromInline var length = 0

  /// Room that is always left behind what is written, so that short pieces can be copied as one whole block.
  @inlinable package static var slack: Int { 32 }

  package init(capacity: Int = 256) {
    self.capacity = max(capacity, 16) + Self.slack
    guard let memory = unsafe malloc(self.capacity) else {
      preconditionFailure("out of memory: \(self.capacity) bytes")
    }
    unsafe base = memory.assumingMemoryBound(to: UInt8.self)
  }

  deinit { unsafe free(base) }

  @inline(__always) @inlinable package mutating func reserve(_ extra: Int) {
    if length &+ extra &+ ByteBuffer.slack > capacity { grow(extra &+ ByteBuffer.slack) }
  }

  @usableFromInline mutating func grow(_ extra: Int) {
    let wanted = max(capacity * 2, length + extra)
    // Grows in place where it can; bytes need no more than malloc's alignment.
    guard let bigger = unsafe realloc(base, wanted) else { preconditionFailure("out of memory: \(wanted) bytes") }
    unsafe base = bigger.assumingMemoryBound(to: UInt8.self)
    capacity = wanted
  }

  @inline(__always) @inlinable package mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base[length] = byte
    length &+= 1
  }

  /// Appends eight bytes at once, the highest first.
  @inline(__always) @inlinable package mutating func append(bigEndian word: UInt64) {
    reserve(8)
    unsafe UnsafeMutableRawPointer(base + length).storeBytes(of: word.bigEndian, as: UInt64.self)
    length &+= 8
  }

  @inline(__always) @inlinable package mutating func append(_ text: StaticString) {
    let size = text.utf8CodeUnitCount
    reserve(size)
    unsafe (base + length).update(from: text.utf8Start, count: size)
    length &+= size
  }

  /// Most pieces are short: those are copied as one block of `slack` bytes, what is too much of it being overwritten by
  /// what follows. To call a function that finds out how to copy took longer than the copy.
  @inline(__always) @inlinable package mutating func append(_ source: ByteSpan, _ slice: Slice) {
    guard slice.count <= 32, slice.start &+ ByteBuffer.slack <= source.count else { return appendLong(source, slice) }
    reserve(ByteBuffer.slack)
    unsafe source.withUnsafeBufferPointer { pointer in
      unsafe (base + length).update(from: pointer.baseAddress.unsafelyUnwrapped + slice.start, count: ByteBuffer.slack)
    }
    length &+= Int(slice.count)
  }

  @usableFromInline mutating func appendLong(_ source: ByteSpan, _ slice: Slice) {
    if slice.isEmpty { return }
    precondition(slice.end <= source.count)
    let size = Int(slice.count)
    reserve(size)
    unsafe source.withUnsafeBufferPointer { pointer in
      unsafe (base + length).update(from: pointer.baseAddress.unsafelyUnwrapped + slice.start, count: size)
    }
    length &+= size
  }

  @inlinable package mutating func append(_ source: ByteSpan) {
    append(source, Slice(0, source.count))
  }

  @inlinable package mutating func append(_ bytes: [UInt8]) {
    append(bytes.span)
  }

  /// Disfavoured, so that literals are static strings, copied at a size that is known when this is compiled.
  @_disfavoredOverload package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      reserve(utf8.count)
      if let start = utf8.baseAddress { unsafe (base + length).update(from: start, count: utf8.count) }
      length &+= utf8.count
    }
  }

  @_disfavoredOverload package mutating func append(_ text: Substring) { append(String(text)) }

  /// Appends bytes that this buffer holds already.
  package mutating func appendOwn(_ start: Int, _ size: Int) {
    precondition(start >= 0 && size >= 0 && start + size <= length)
    reserve(size)
    if size <= ByteBuffer.slack {
      unsafe (base + length).update(from: base + start, count: ByteBuffer.slack)
    } else {
      unsafe (base + length).update(from: base + start, count: size)
    }
    length += size
  }

  /// Appends bytes of this buffer to another.
  package func copy(_ start: Int, _ size: Int, to other: inout ByteBuffer) {
    precondition(start >= 0 && size >= 0 && start + size <= length)
    other.reserve(size)
    if size <= ByteBuffer.slack {
      unsafe (other.base + other.length).update(from: base + start, count: ByteBuffer.slack)
    } else {
      unsafe (other.base + other.length).update(from: base + start, count: size)
    }
    other.length += size
  }

  /// Overwrites one byte already written.
  @inlinable package mutating func set(_ byte: UInt8, at index: Int) {
    precondition(index >= 0 && index < length)
    unsafe base[index] = byte
  }

  /// Forgets everything after the first `count` bytes; keeps the memory.
  @inlinable package mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= length)
    length = count
  }

  /// Reads what was written.
  @inlinable package func withSpan<Result: ~Copyable, Failure: Error>(
    _ body: (ByteSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let span = unsafe Span(_unsafeStart: UnsafePointer(base), count: length)
    return try body(span)
  }

  /// A copy of the bytes from `start` on.
  package func array(from start: Int = 0) -> [UInt8] {
    withSpan { span in
      var bytes = [UInt8]()
      bytes.append(span, Slice(start, span.count))
      return bytes
    }
  }

  package var string: String { String(decoding: array(), as: UTF8.self) }
}

import Bytes

/// What the scanner asks of each byte, as bits.
enum ByteClass {
  static let digit: UInt8 = 1
  /// Letters, and every byte of a character that is not ASCII.
  static let letter: UInt8 = 2
  static let hex: UInt8 = 4
  /// Ends a token.
  static let separator: UInt8 = 8
  static let white: UInt8 = 16
  static let upper: UInt8 = 32
  /// `@`, `.` and `/`: what makes a word of letters an address or a path.
  static let mark: UInt8 = 64
  /// Taken off at both ends of a token.
  static let trimmed: UInt8 = 128

  static let table = InlineArray<256, UInt8> { index in of(UInt8(index)) }

  private static func of(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: digit | hex
    case 0x61...0x66: letter | hex
    case 0x41...0x46: letter | hex | upper
    case 0x47...0x5a: letter | upper
    case 0x67...0x7a, 0x80...0xff: letter
    case 0x20, 0x09, 0x0d, 0x0a: separator | white
    case UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
      UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "|"):
      separator
    case UInt8(ascii: "."), UInt8(ascii: "/"): mark | trimmed
    case UInt8(ascii: "@"): mark
    case UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "-"),
      UInt8(ascii: "\\"), UInt8(ascii: "~"), UInt8(ascii: "&"):
      trimmed
    default: 0
    }
  }
}

/// Short words that the scanner knows, packed into a number each.
enum KnownWords {
  /// What may follow a number with a space between.
  static let units = packed(
    "ns us ms s sec secs second seconds min mins minute minutes hour hours hr hrs day days kb mb gb tb kib mib gib b byte bytes k m g"
  )
  /// Letters with digits that are names all the same.
  static let names = packed(
    "ipv4 ipv6 http2 http1 s3 ec2 oauth2 utf8 sha1 md5 x86 mp3 mp4 k8s p2p b2b tls1 v4 v6")
  static let months = packed("jan feb mar apr may jun jul aug sep oct nov dec")
  static let days = packed("mon tue wed thu fri sat sun")
  /// What stands before the name of somebody or something.
  static let owners = packed(
    "user users username account host hostname node client customer tenant group")

  /// A word in small letters; 0, which none is, for one that is too long or begins with a zero byte.
  static func packed(_ bytes: ByteSpan, _ start: Int, _ end: Int) -> UInt64 {
    guard start < end, end - start <= 8, bytes[start] != 0 else { return 0 }
    var word: UInt64 = 0
    for index in start..<end { word = word << 8 | UInt64(bytes[index] | (0x41...0x5a ~= bytes[index] ? 0x20 : 0)) }
    return word
  }

  private static func packed(_ text: String) -> [UInt64] {
    text.split(separator: " ").map { $0.utf8.reduce(0) { $0 << 8 | UInt64($1) } }
  }
}

/// The last line of defence: takes what looks like a PostHog key out of text that is about to be shown. Whoever writes a
/// log line or an error still must not put one in.
package enum Redaction {
  /// PostHog's keys are 43 characters and more behind their prefix; the fingerprints that metrics show have eight.
  static let keyCountMin = 16

  private static let prefixes = ["phc_", "phx_", "phs_", "phr_", "pha_"].map { Array($0.utf8) }

  /// Longer words are not repeated in errors: nobody mistypes them, and they may be secrets.
  static let wordCharactersMax = 24

  /// A word of a file for an error, in quotes and with a blank before it; nothing if it may be a secret.
  static func word(_ word: String) -> String {
    let isShort = word.unicodeScalars.count <= wordCharactersMax
    let isPlain = word.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
    return isShort && isPlain ? " '\(scrub(word))'" : ""
  }

  /// The text with every key cut down to its prefix.
  package static func scrub(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
    let bytes = Array(text.utf8)
    var output = [UInt8]()
    var index = 0
    while index < bytes.count {
      guard let prefix = prefixes.first(where: { bytes[index...].starts(with: $0) }) else {
        output.append(bytes[index])
        index += 1
        continue
      }
      let end = bytes[(index + prefix.count)...].firstIndex { !isKeyByte($0) } ?? bytes.count
      if end - index - prefix.count >= keyCountMin {
        output += prefix
        output += Array(Secret.placeholder.utf8)
      } else {
        output += bytes[index..<end]
      }
      index = end
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func isKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}

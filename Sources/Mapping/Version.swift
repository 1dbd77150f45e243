/// Dotted versions, compared number by number.
enum Version {
  /// The numbers of `1.37.0`, or of a schema URL's last path component; suffixes such as `b0` end it.
  static func numbers(_ text: String) -> [Int] {
    let last = text.split(separator: "/" as Character).last.map(String.init) ?? text
    let digitsOn = String(last.drop { !$0.isNumber })
    var numbers: [Int] = []
    for part in digitsOn.split(separator: "." as Character, omittingEmptySubsequences: false) {
      let digits = part.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(digits) else { break }
      numbers.append(number)
      if digits.count < part.count { break }
    }
    return numbers
  }

  /// Whether a version comes before another; missing numbers count as 0.
  static func isBelow(_ one: [Int], _ other: [Int]) -> Bool {
    for index in 0..<max(one.count, other.count) {
      let left = index < one.count ? one[index] : 0
      let right = index < other.count ? other[index] : 0
      if left != right { return left < right }
    }
    return false
  }
}

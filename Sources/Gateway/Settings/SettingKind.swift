import Logging

/// What is wrong with a value, without the value itself: "not a duration; write for example 10s".
package struct SettingComplaint: Error, Sendable, Equatable {
  package let text: String

  init(_ text: String) {
    self.text = text
  }
}

/// How the values of a kind are read, checked, written and described.
struct SettingKind<Value: Sendable & Equatable>: Sendable {
  /// One or two words for the documentation.
  let title: String
  /// What is allowed, for people; empty when the title says it all.
  var allowed = ""
  var isSecret = false
  let read: @Sendable (String) -> Result<Value, SettingComplaint>
  let write: @Sendable (Value) -> String

  init(
    _ title: String, allowed: String = "", isSecret: Bool = false, write: @escaping @Sendable (Value) -> String,
    read: @escaping @Sendable (String) -> Result<Value, SettingComplaint>
  ) {
    self.title = title
    self.allowed = allowed
    self.isSecret = isSecret
    self.write = write
    self.read = read
  }
}

extension SettingKind where Value: Comparable {
  /// A kind with a range: what `parse` does not know is not of the kind at all.
  init(
    _ title: String, article: String = "a", in range: ClosedRange<Value>, examples: String,
    write: @escaping @Sendable (Value) -> String, parse: @escaping @Sendable (String) -> Value?
  ) {
    let allowed = "\(write(range.lowerBound)) to \(write(range.upperBound))"
    self.init(title, allowed: allowed, write: write) { text in
      guard let value = parse(text) else {
        return .failure(SettingComplaint("not \(article) \(title); write for example \(examples)"))
      }
      return range.contains(value) ? .success(value) : .failure(SettingComplaint("out of range; allowed is \(allowed)"))
    }
  }
}

extension SettingKind<Duration> {
  static func duration(_ range: ClosedRange<Duration>) -> Self {
    Self(
      "duration", in: range, examples: "250ms, 10s, 5m", write: { WrittenUnits.text($0) },
      parse: WrittenUnits.duration)
  }
}

extension SettingKind<Int> {
  static func bytes(_ range: ClosedRange<Int>) -> Self {
    Self(
      "byte count", in: range, examples: "64MiB, 1GiB, 500kB", write: { WrittenUnits.text($0) },
      parse: WrittenUnits.byteCount)
  }

  static func integer(_ range: ClosedRange<Int>) -> Self {
    Self("whole number", in: range, examples: "\(range.lowerBound)", write: { "\($0)" }, parse: { Int($0) })
  }
}

extension SettingKind<Bool> {
  static var bool: Self {
    Self("yes or no", allowed: "true, false", write: { "\($0)" }) { text in
      switch text.lowercased() {
      case "true", "yes", "on", "1": .success(true)
      case "false", "no", "off", "0": .success(false)
      default: .failure(SettingComplaint("neither true nor false"))
      }
    }
  }
}

extension SettingKind<[String]> {
  /// Names, with commas between them.
  static var names: Self {
    Self("list of names", allowed: "with commas between", write: { $0.joined(separator: ",") }) { text in
      let names = text.split { $0 == "," || $0 == " " }.map(String.init)
      let isGood = names.allSatisfy { $0.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 < 0x7f } }
      return isGood ? .success(names) : .failure(SettingComplaint("not a list of names; write for example one,two"))
    }
  }
}

extension SettingKind<[String]> {
  /// Files, with commas between them.
  static var paths: Self {
    Self("paths", allowed: "with commas between", write: { $0.joined(separator: ",") }) { text in
      SettingComplaint(path: text).map { .failure($0) }
        ?? .success(text.split(separator: ",").map { String($0.drop { $0 == " " }) })
    }
  }
}

extension SettingComplaint {
  /// What is wrong with a path; nil if nothing is. People paste the content of a file, which then must not be repeated.
  fileprivate init?(path text: String) {
    if text.utf8.contains(where: { $0 == 10 || $0 == 13 }) || text.contains("-----BEGIN") {
      self.init("not a path; write the path of the file, not its content")
    } else if text.utf8.contains(0) {
      self.init("not a path: it holds a zero byte")
    } else {
      return nil
    }
  }
}

extension SettingKind<ListenAddress> {
  static var address: Self {
    Self("address", allowed: "host:port", write: { $0.description }) { text in
      guard let address = ListenAddress(text) else {
        return .failure(SettingComplaint("not an address; write host:port, for example 127.0.0.1:4318 or [::1]:4318"))
      }
      return .success(address)
    }
  }
}

extension SettingKind<[ListenAddress]> {
  /// One address or more, with commas between them.
  static var addresses: Self {
    Self("addresses", allowed: "host:port,…", write: { $0.map(\.description).joined(separator: ",") }) { text in
      let words = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
      let addresses = words.compactMap { ListenAddress($0) }
      guard !addresses.isEmpty, addresses.count == words.count else {
        return .failure(
          SettingComplaint("not an address; write host:port, for example 127.0.0.1:4318 or [::1]:4318,[::1]:4317"))
      }
      return .success(addresses)
    }
  }
}

extension SettingKind where Value: RawRepresentable<String> & CaseIterable {
  static var choice: Self { choice([:]) }

  /// One of the names of `Value`, or of the other names that people use for them.
  static func choice(_ otherNames: [String: Value]) -> Self {
    let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
    return Self("choice", allowed: names, write: { $0.rawValue }) { text in
      let name = text.lowercased()
      guard let value = Value(rawValue: name) ?? otherNames[name] else {
        return .failure(SettingComplaint("unknown; choose one of \(names)"))
      }
      return .success(value)
    }
  }
}

extension SettingKind<String> {
  static var path: Self {
    Self("path", write: { $0 }) { text in
      SettingComplaint(path: text).map { .failure($0) } ?? .success(text)
    }
  }

  /// Scheme, host and port of a server. A trailing slash is cut; everything else beside them is refused, because the
  /// gateway appends its own paths.
  static var serverURL: Self {
    Self("URL", allowed: "http or https, host and port only", write: { $0 }) { text in
      ServerURL.read(text, schemes: ["http", "https"], mayHoldUser: false)
    }
  }
}

extension SettingKind<Secret> {
  /// A PostHog project key.
  static var projectKey: Self {
    Self("secret", isSecret: true, write: { _ in Secret.placeholder }) { text in
      if text.hasPrefix("phx_") {
        return .failure(
          SettingComplaint("a personal API key (phx_…); the gateway needs the project API key (phc_…)"))
      }
      guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        return .failure(SettingComplaint("not a project API key: it holds blanks or characters that no key has"))
      }
      return .success(Secret(text))
    }
  }

  /// The key of hashes.
  static var salt: Self { long("hashes can be guessed") }

  /// What clients show in a header.
  static var token: Self {
    let long = long("it can be guessed")
    return Self(long.title, allowed: long.allowed, isSecret: true, write: long.write) { text in
      guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
        return .failure(SettingComplaint("it holds blanks or characters that no header carries"))
      }
      return long.read(text)
    }
  }

  /// Long enough that nobody tries all.
  private static func long(_ danger: String) -> Self {
    Self(
      "secret", allowed: "\(secretCharactersMin) characters or more", isSecret: true,
      write: { _ in Secret.placeholder }
    ) { text in
      guard text.unicodeScalars.count >= secretCharactersMin else {
        return .failure(
          SettingComplaint(
            "too short: \(danger); at least \(secretCharactersMin) characters, as from openssl rand -hex 32"))
      }
      return .success(Secret(text))
    }
  }

  static var secretCharactersMin: Int { 16 }

  static var proxyURL: Self {
    Self("secret URL", allowed: "http, https, socks5 or socks5h", isSecret: true, write: { _ in Secret.placeholder }) {
      text in
      ServerURL.read(text, schemes: ["http", "https", "socks5", "socks5h"], mayHoldUser: true).map(Secret.init)
    }
  }
}

import Testing

@testable import Gateway

/// Every kind of value, right and wrong, read as a person would give it.
@Suite struct SettingsValueTests {
  @Test(
    "a right value is read and written back",
    arguments: [
      ("server.listen", "0.0.0.0:4318", "0.0.0.0:4318"), ("server.listen", "[::1]:0", "[::1]:0"),
      ("server.listen", "my_host.local:65535", "my_host.local:65535"),
      ("server.listen", "a:1, [::1]:2", "a:1,[::1]:2"),
      ("server.body_max", "500kB", "500kB"), ("server.body_max", "1048576", "1MiB"),
      ("server.body_max", "2 mib", "2MiB"),
      ("server.body_max", "1024", "1KiB"), ("server.body_max", "1GiB", "1GiB"),
      ("server.threads", "1", "1"), ("server.threads", "64", "64"),
      ("posthog.host", "HTTPS://EU.i.posthog.com/", "https://eu.i.posthog.com"),
      ("posthog.host", "http://[::1]:8000", "http://[::1]:8000"),
      ("posthog.host", "http://localhost", "http://localhost"),
      ("posthog.compression", "NONE", "none"), ("posthog.ai_lane", "off", "false"), ("posthog.ai_lane", "1", "true"),
      ("trace.quiet", "250ms", "250ms"), ("trace.quiet", "60s", "1m"), ("trace.quiet", "1h", "1h"),
      ("trace.root_grace", "0s", "0s"), ("local.retention", "14d", "14d"),
      ("log.level", "Warn", "warning"), ("log.level", "trace", "trace"), ("log.format", "json", "json"),
      ("spool.path", "/var/lib/hoglet", "/var/lib/hoglet"), ("posthog.team_id", "2", "2"),
      ("posthog.api_key", "phc_abc", "[secret]"), ("posthog.proxy", "socks5h://user:pass@proxy:1080", "[secret]"),
    ])
  func rightValue(name: String, text: String, shown: String) throws {
    let setting = try #require(Setting.table.first { $0.name == name })
    var settings = GatewaySettings()
    #expect(setting.assign(text, &settings) == nil)
    #expect(setting.show(settings) == shown)
  }

  @Test(
    "a wrong value is refused with a reason, and changes nothing",
    arguments: [
      ("server.listen", "4318", "not an address"), ("server.listen", "localhost:65536", "not an address"),
      ("server.listen", "::1:4318", "not an address"), ("server.listen", ":4318", "not an address"),
      ("server.listen", "[localhost]:1", "not an address"), ("server.listen", "a/b:1", "not an address"),
      ("server.listen", "", "not an address"), ("server.listen", "a:1,,b:2", "not an address"),
      ("server.listen", "host:+1", "not an address"), ("server.listen", "[]:1", "not an address"),
      ("server.body_max", "64 parsecs", "not a byte count"), ("server.body_max", "-1", "not a byte count"),
      ("server.body_max", "9223372036854775807GiB", "not a byte count"), ("server.body_max", "1023", "out of range"),
      ("server.body_max", "1025MiB", "allowed is 1KiB to 1GiB"),
      ("server.threads", "0", "out of range"), ("server.threads", "65", "out of range"),
      ("server.threads", "two", "not a whole number"),
      ("posthog.host", "us.i.posthog.com", "not a URL"), ("posthog.host", "ftp://host", "unknown scheme"),
      ("posthog.host", "https://host/batch", "has a path"), ("posthog.host", "https://host?x", "has a path"),
      ("posthog.host", "https://me@host", "holds a user"), ("posthog.host", "https://", "not a URL"),
      ("posthog.host", "https://host:port", "valid host and port"), ("posthog.host", "https://host:0", "host and port"),
      ("posthog.compression", "brotli", "choose one of gzip, none"),
      ("posthog.ai_lane", "maybe", "neither true nor false"),
      ("trace.quiet", "10x", "not a duration; write for example 250ms, 10s, 5m"),
      ("trace.quiet", "10", "not a duration"),
      ("trace.quiet", "", "not a duration"), ("trace.quiet", "1.5s", "not a duration"),
      ("trace.quiet", "9ms", "out of range"), ("trace.quiet", "9223372036854775807d", "not a duration"),
      ("trace.quiet", "99999999999999999999s", "not a duration"), ("trace.quiet", "2h", "allowed is 10ms to 1h"),
      ("log.level", "loud", "choose one of trace, debug"), ("spool.path", "a\0b", "zero byte"),
      ("tls.key", "-----BEGIN PRIVATE KEY-----\nMIIsecret", "not its content"),
      ("tls.client_ca", "-----BEGIN CERTIFICATE----- MIIsecret", "not its content"),
      ("posthog.api_key", "phx_personal", "personal API key"), ("posthog.api_key", "phc a", "blanks"),
      ("posthog.proxy", "gopher://proxy", "unknown scheme"), ("posthog.proxy", "http://u:p@/", "not a URL"),
    ])
  func wrongValue(name: String, text: String, reason: String) throws {
    let setting = try #require(Setting.table.first { $0.name == name })
    var settings = GatewaySettings()
    let complaint = try #require(setting.assign(text, &settings))
    #expect(complaint.text.contains(reason), "\(complaint.text)")
    #expect(settings == GatewaySettings())
  }

  @Test("every default is one that a person could have written")
  func defaults() {
    for setting in Setting.table {
      guard let shown = setting.show(GatewaySettings()) else { continue }
      var settings = GatewaySettings()
      #expect(setting.assign(shown, &settings) == nil, "\(setting.name)")
      #expect(settings == GatewaySettings(), "\(setting.name)")
    }
  }

  /// Property: writing and reading are inverse. Method: 20,000 random numbers of random size, the seed is printed.
  @Test("durations and byte counts survive being written and read")
  func writtenUnits() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(state: seed)
    for _ in 0..<20_000 {
      let number = Int(random.next() >> (1 + random.next() % 62)) & (Int.max >> 1)
      #expect(WrittenUnits.byteCount(WrittenUnits.text(number)) == number, "seed \(seed)")
      let duration = Duration.milliseconds(number % (Int.max / 1_000_000))
      #expect(WrittenUnits.duration(WrittenUnits.text(duration)) == duration, "seed \(seed)")
    }
  }

  @Test("names, flags and variables are derived and unique")
  func names() {
    let setting = Setting.table.first { $0.name == "trace.root_grace" }
    #expect(setting?.environmentName == "HOGLET_TRACE_ROOT_GRACE")
    #expect(setting?.flag == "--trace-root-grace")
    #expect(Set(Setting.table.map(\.environmentName)).count == Setting.table.count)
    #expect(Set(Setting.table.map(\.flag)).count == Setting.table.count)
    #expect(Setting.table.allSatisfy { $0.sentence.hasSuffix(".") && !$0.sentence.contains("|") })
  }

  /// Others' documentation and scripts rely on these.
  @Test(
    "the promised variables exist",
    arguments: [
      "HOGLET_SERVER_LISTEN", "HOGLET_ADMIN_LISTEN", "HOGLET_POSTHOG_HOST", "HOGLET_POSTHOG_API_KEY",
      "HOGLET_POSTHOG_COMPRESSION", "HOGLET_POSTHOG_TIMEOUT", "HOGLET_SPOOL_PATH", "HOGLET_MAPPINGS_PATH",
      "HOGLET_TRACE_QUIET", "HOGLET_TRACE_ROOT_GRACE", "HOGLET_TRACE_MAX",
    ])
  func promisedName(name: String) {
    #expect(Setting.table.contains { $0.environmentName == name })
  }

  @Test(
    "a slip is recognised, a different word is not",
    arguments: [
      ("trace.quite", "trace.quiet"), ("posthog.apikey", "posthog.api_key"), ("Server.Listen", "server.listen"),
      ("banana", nil), ("", nil),
    ])
  func suggestion(word: String, expected: String?) {
    #expect(Suggestion.nearest(to: word, in: Setting.table.map(\.name)) == expected)
  }
}

/// A small seeded generator (SplitMix64, https://prng.di.unimi.it/splitmix64.c).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

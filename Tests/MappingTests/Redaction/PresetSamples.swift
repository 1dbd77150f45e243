@testable import Mapping

/// What each preset must find and what it must leave. No sample is a real key: random letters behind real prefixes, put
/// together here so that scanners of source code do not take them for real.
enum PresetSamples {
  static let body = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4fGh7jKl0nOp3rSt6v"

  static func random(_ count: Int) -> String { String(body.prefix(count)) }

  static let pem = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEowIBAAKCAQEA\(body)Zz+/
    \(body)\(body.prefix(16))
    Zm9v
    -----END RSA PRIVATE KEY-----
    """

  static let positives: [Preset: [String]] = [
    .keys: [
      "sk-" + random(48), "sk-ant-api03-" + random(40), "sk-proj-" + random(30) + "_" + random(20),
      "AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "Y34FZKBOKMUTVV7A", "ghp_" + random(36), "gho_" + random(36),
      "ghs_" + random(36), "ghu_" + random(36), "ghr_" + random(36), "github_pat_" + random(22) + "_" + random(40),
      "xoxb-" + "2418-3120-" + random(24), "xoxp-" + random(30), "xoxa-" + random(30), "xoxr-" + random(30),
      "AIza" + random(35), "ya29." + random(40), "glpat-" + random(20), "phx_" + random(43), "hf_" + random(34),
      "npm_" + random(36), "SG." + random(22) + "." + random(43), "rk_live_" + random(24), "sk_live_" + random(24),
      pem,
    ],
    .jwt: [
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
      "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe."
        + "48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ",
    ],
    .email: [
      "jane@example.com", "jane.doe+tag@mail.example.co.uk", "o'brien@example.org", "j_d%x@ex-ample.io",
      "jane%40example.com", "JANE@EXAMPLE.COM",
    ],
    .phone: [
      "+1 212 555 0100", "+12125550100", "+49 (0)30 901820", "+44 20 7946 0958", "(212) 555-0100", "212-555-0100",
      "212.555.0100", "1-212-555-0100",
    ],
    .card: ["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "6011000990139424"],
    .iban: ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "NO9386011117947", "FR1420041010050500013M02606"],
    .ip: [
      "192.168.1.20", "8.8.8.8", "255.255.255.255", "2001:db8:85a3:0:0:8a2e:370:7334", "fe80::1", "::1",
      "::ffff:10.0.0.1", "2001:db8::",
    ],
  ]

  /// Where only a part goes: the text, and what it becomes.
  static let parts: [Preset: [(String, String)]] = [
    .keys: [
      ("Authorization: Bearer " + random(32), "Authorization: Bearer [redacted:keys]"),
      ("authorization: basic " + "dXNlcjpwYXNzd29yZDEyMw==", "authorization: basic [redacted:keys]"),
      ("postgres://bob:s3cr3t!x@db.internal:5432/app", "postgres://bob:[redacted:keys]@db.internal:5432/app"),
      ("redis://:pa@ss@cache.internal:6379", "redis://:[redacted:keys]@cache.internal:6379"),
      (#"https:\/\/bob:hunter2@example.com"#, #"https:\/\/bob:[redacted:keys]@example.com"#),
      ("OPENAI_API_KEY=sk-" + random(40) + "\n", "OPENAI_API_KEY=[redacted:keys]\n"),
      (#"{\"key\":\"AKIAIOSFODNN7EXAMPLE\"}"#, #"{\"key\":\"[redacted:keys]\"}"#),
      (#"line\nsk-"# + random(40), #"line\n[redacted:keys]"#),
    ],
    .jwt: [
      // Unsigned: the last point may as well end the sentence.
      ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.", "[redacted:jwt]."),
      (#"\neyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0"#, #"\n[redacted:jwt]"#),
    ],
    .email: [
      ("<jane@example.com>, bob@example.org.", "<[redacted:email]>, [redacted:email]."),
      (#"to:\njane@example.com"#, #"to:\n[redacted:email]"#), ("邮箱jane@example.com。", "邮箱[redacted:email]。"),
      ("mailto:jane@example.com?subject=x", "mailto:[redacted:email]?subject=x"),
    ],
    .phone: [
      ("call +1 212 555 0100 or 212-555-0101.", "call [redacted:phone] or [redacted:phone]."),
      ("tel:+12125550100", "tel:[redacted:phone]"), ("+49 30 901820 2024 2025 2026", "[redacted:phone] 2025 2026"),
    ],
    .card: [
      ("card 4111 1111 1111 1111 12/29", "card [redacted:card] 12/29"), ("no:4111111111111111.", "no:[redacted:card]."),
    ],
    .iban: [("to DE89 3704 0044 0532 0130 00, please", "to [redacted:iban], please")],
    .ip: [
      ("10.0.0.1:8080", "[redacted:ip]:8080"), ("from 10.0.0.1.", "from [redacted:ip]."),
      ("host:10.0.0.1", "host:[redacted:ip]"), ("[fe80::1%eth0]", "[[redacted:ip]%eth0]"),
      ("http://10.0.0.1/x", "http://[redacted:ip]/x"),
    ],
  ]

  static let nearMisses: [Preset: [String]] = [
    .keys: [
      "sk-learn", "task-" + random(30), "sk-this-is-only-a-slug-of-words", "AKIAIOSFODNN7EXAMPL",
      "AKIAIOSFODNN7EXAMPLE1",
      "XAKIAIOSFODNN7EXAMPLE", "ghp_short", "phc_" + random(43), "hf_transfer", "npm_config_registry_is_here",
      "the bearer of this letter", "Bearer token", "basic understanding-of-something", "https://example.com/@user",
      "https://user@example.com/path", "-----BEGIN CERTIFICATE-----\nMIIE" + body + "\n-----END CERTIFICATE-----",
      "-----BEGIN PRIVATE KEY----- goes first", "glpat-x", "SG.short.short", "ya29.short", "xoxb-1-2", "user:pass@host",
      "AIzaShort", "sk_live_", String(repeating: "-", count: 60), "4bf92f3577b34da6a3ce929d0e0e4736",
    ],
    .jwt: ["eyJhbGciOiJIUzI1NiJ9", "eyJ", "eyJhbGciOiJIUzI1NiJ9.short", "a.b.c", "xeyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx"],
    .email: [
      "@handle", "user@localhost", "pkg@1.2.3", "lodash@4.17.21.tgz", "a @ b.com", "jane@example", "jane@.com", "50%40",
      "@example.com",
    ],
    .phone: [
      "2024-11-25", "12345678901", "192.168.100.1234", "+12345", "1795237481132531358", "4111-1111-1111-1111",
      "550e8400-e29b-41d4-a716-446655440000", "0.212.555.0100", "+01:00", "112-555-0100", "x212-555-0100",
    ],
    .card: [
      "4111111111111112", "1795237481132", "0.4111111111111111", "a4111111111111111", "41111111111111111111",
      "4444444444444444", "4111-1111", "9111111111111111",
    ],
    .iban: [
      "DE89370400440532013001", "XX89370400440532013000", "DE8937040044053201300", "de89370400440532013000", "GB29",
    ],
    .ip: [
      "1.2.3", "256.1.1.1", "1.2.3.4.5", "01.2.3.4", "12:30:45", "00:1A:2B:3C:4D:5E", "std::vector", "dead::beef",
      "v1.2.3.4", "1.2.3.4x", "::", "a::b::1", "2001:db8:85a3:0:0:8a2e:370:7334:1",
    ],
  ]
}

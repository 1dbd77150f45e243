import Codec
import Glibc
import Testing

@testable import Gateway

/// Access files as people write them, right and wrong.
@Suite struct AccessFileTests {
  private static let projects = """
    projects:
      web: {key: phc_web, team_id: 7}
      mobile: {key: {env: MOBILE}, team_id: 8}
      old: {key: phc_old}

    """
  private static let environment = [
    "MOBILE": "phc_mobile\n", "EMPTY": " ", "MOBILE_PROJECT_KEY": "phc_m", "LEGACY_JWT_SECRET": TokenMaker.secret,
  ]

  private static func load(_ text: String, files: [String: String] = [:]) async -> (file: AccessFile, folder: String) {
    var template = Array("/tmp/hoglet-access-XXXXXX".utf8CString)
    let folder = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) } ?? ""
    }
    let all = files.merging(["access.yaml": text]) { one, _ in one }
    unsafe mkdir("\(folder)/secrets", 0o700)
    for (name, text) in all {
      guard let file = unsafe fopen("\(folder)/\(name)", "we") else { continue }
      unsafe fputs(text, file)
      unsafe fclose(file)
    }
    let file = await AccessFile.load(path: "\(folder)/access.yaml", environment: environment)
    for name in all.keys { unsafe unlink("\(folder)/\(name)") }
    unsafe rmdir("\(folder)/secrets")
    unsafe rmdir(folder)
    return (file, folder)
  }

  /// The errors, without the folder.
  private static func errors(_ text: String, files: [String: String] = [:]) async -> [String] {
    let (file, folder) = await load(text, files: files)
    #expect((file.access == nil) == !file.errors.isEmpty)
    return file.errors.map { $0.split(separator: "\(folder)/", omittingEmptySubsequences: false).joined() }
  }

  private static func key(
    _ access: Access, _ credential: String?, team: String? = nil, now: UInt64 = TokenMaker.nanoseconds
  ) -> Result<String, AccessRefusal> {
    do throws(AccessRefusal) {
      return .success(try access.projectKey(credential, team: team, now: now))
    } catch {
      return .failure(error)
    }
  }

  @Test func `keys, tokens and PostHog keys lead to their projects, everything else nowhere`() async throws {
    let (file, folder) = await Self.load(
      Self.projects + """
        keys:
          one: {key: one-gateway-key-123, projects: web}
          hashed:
            sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
            projects: [web, mobile]
        allow: [mobile, old]
        jwt:
          audience: hoglet
          keys:
            own: {algorithm: HS256, secret: {file: secret.txt}}
            theirs: {jwks: {file: jwks.json}, projects: mobile}
        """, files: ["secret.txt": TokenMaker.secret + "\n", "jwks.json": TokenFixtures.jwks])
    let access = try #require(file.access, "\(file.errors)")
    #expect(file.files == ["access.yaml", "secret.txt", "jwks.json"].map { "\(folder)/\($0)" })
    #expect(access.tokens?.signers.keys.sorted() == ["e", "r"])
    let token = TokenMaker.token()
    let other = TokenMaker.token(TokenMaker.header, #"{"aud":"hoglet","exp":1600000060,"team_id":9}"#)
    let cases: [(String?, String?, Result<String, AccessRefusal>)] = [
      (nil, nil, .failure(.noCredential)), ("nobody", nil, .failure(.unknownCredential)),
      ("one-gateway-key-123", nil, .success("phc_web")), ("one-gateway-key-123", "7", .success("phc_web")),
      ("one-gateway-key-123", "8", .failure(.teamNotAllowed(8))),
      ("one-gateway-key-12", nil, .failure(.unknownCredential)),
      ("one-gateway-key-123", "seven", .failure(.teamUnreadable)),
      ("one-gateway-key-123", "7, 8", .failure(.teamUnreadable)),
      ("one-gateway-key-123", "", .failure(.teamUnreadable)),
      ("abc", nil, .failure(.teamNeeded([7, 8]))), ("abc", "7", .success("phc_web")),
      ("abc", "8", .success("phc_mobile")),
      ("abc", "9", .failure(.teamNotAllowed(9))), ("phc_mobile", nil, .success("phc_mobile")),
      ("phc_mobile", "8", .success("phc_mobile")), ("phc_mobile", "7", .failure(.teamNotAllowed(7))),
      ("phc_old", nil, .success("phc_old")), ("phc_old", "7", .failure(.teamNotAllowed(7))),
      ("phc_web", nil, .failure(.unknownCredential)), ("phc_other", nil, .failure(.unknownCredential)),
      (token, nil, .success("phc_web")), (token, "7", .success("phc_web")), (token, "8", .failure(.teamNotAllowed(8))),
      (other, nil, .failure(.teamNotAllowed(9))), ("a.b.c", nil, .failure(.token(.malformed))),
      // Signed by a key that may only speak for another project.
      (TokenFixtures.rs256, nil, .failure(.teamNotAllowed(7))),
      (TokenFixtures.confused, nil, .failure(.token(.algorithm))),
    ]
    for (credential, team, expected) in cases {
      #expect(Self.key(access, credential, team: team) == expected, "\(credential ?? "none"), \(team ?? "no team")")
    }
  }

  @Test func `any lets every PostHog key pass, but no word of a team that nobody knows`() async throws {
    let (file, _) = await Self.load(Self.projects + "allow: any\n")
    let access = try #require(file.access, "\(file.errors)")
    #expect(Self.key(access, "phc_unknown") == .success("phc_unknown"))
    #expect(Self.key(access, "phc_unknown", team: "7") == .failure(.teamNotAllowed(7)))
    #expect(Self.key(access, "phc_web", team: "7") == .success("phc_web"))
    #expect(Self.key(access, "phx_personal") == .failure(.unknownCredential))
    #expect(Self.key(access, "a.b.c") == .failure(.unknownCredential))
  }

  @Test(
    arguments: [
      ("", ["access.yaml: error: the file is empty"]),
      ("projects: {a: {key: phc_a}}", ["access.yaml:1:1: error: nobody may send: add keys, allow or jwt"]),
      ("alow: any", ["access.yaml:1:1: error: an access file has no such word 'alow'; did you mean 'allow'?"]),
      (
        "projects:\n  web: {key: phc_w, team: 7}\nallow: [wep]",
        [
          "access.yaml:2:21: error: a project has no such word 'team' (known: key, team_id)",
          "access.yaml:3:9: error: no such project 'wep' under projects; did you mean 'web'?",
        ]
      ),
      (
        "projects:\n  a: {key: phx_a, team_id: x}\n  b: {team_id: 1}\n  c: {key: phc_c, team_id: 1}\n  d: {key: phc_c}\nallow: any",
        [
          "access.yaml:2:12: error: key: a personal API key (phx_…); the gateway needs the project API key (phc_…)",
          "access.yaml:2:28: error: team_id: not a whole number above 0 (PostHog shows it in the project's settings)",
          "access.yaml:3:6: error: a project needs its key (phc_…)",
          "access.yaml:4:28: error: team_id: another project has the same",
          "access.yaml:5:12: error: key: another project has the same",
        ]
      ),
      (
        "projects:\n  a: {key: {env: NO_SUCH}}\n  b: {key: {file: none.txt}}\n  c: {key: {env: EMPTY}}\n  d: {key: {}}\nallow: any",
        [
          "access.yaml:2:18: error: key: the environment variable 'NO_SUCH' is not set, or empty",
          "access.yaml:3:19: error: no such file (relative paths begin in the access file's folder)",
          "access.yaml:4:18: error: key: the environment variable 'EMPTY' is not set, or empty",
          "access.yaml:5:12: error: key is text, {file: PATH} or {env: NAME}",
        ]
      ),
      (
        "projects: {a: {key: phc_a}, b: {key: phc_b}}\nkeys:\n  x: {key: short, projects: a}\n  y: {sha256: abc, projects: a}\n  z: {projects: a}\n"
          + "  v: {key: long-enough-to-be-one, projects: [a, b, b]}\n  w: {key: long-enough-to-be-one}",
        [
          "access.yaml:3:12: error: key: too short, or not text that a header can carry; 16 visible characters of ASCII or more, as from openssl rand -hex 32",
          "access.yaml:4:15: error: sha256: not 64 hexadecimal digits; write what printf %s KEY | sha256sum prints",
          "access.yaml:5:6: error: a key is given by sha256 or by key, one of them",
          "access.yaml:6:52: error: this project stands here twice",
          "access.yaml:6:6: error: project 'a' needs a team_id, by which clients choose among several",
          "access.yaml:7:6: error: a key needs the projects it may write to",
          "access.yaml:7:6: error: this key stands here twice",
        ]
      ),
      (
        "jwt: {keys: {a: {algorithm: HS512}, b: {algorithm: RS256, secret: x}, c: {}, d: {jwks: '[]'}}}",
        [
          "access.yaml:1:6: error: jwt needs an audience: what tokens for this gateway say in aud",
          "access.yaml:1:6: error: no project has a team_id, by which tokens say where to write",
          "access.yaml:1:29: error: algorithm: unknown 'HS512'; one of HS256, RS256, ES256",
          "access.yaml:1:67: error: RS256 goes with public_key, not with secret",
          "access.yaml:1:74: error: a key for tokens is given by jwks, or by algorithm (HS256, RS256, ES256) and its key",
          "access.yaml:1:88: error: jwks: not a JSON Web Key Set (RFC 7517), a JSON object with keys",
        ]
      ),
    ] as [(String, [String])])
  func `errors say where, what and what was meant`(_ text: String, _ errors: [String]) async {
    let found = await Self.errors(text)
    #expect(found == errors, "\(found.joined(separator: "\n"))")
  }

  private static func withSet(_ keys: String) async -> [String] {
    await errors(
      projects + "jwt: {audience: a, keys: {set: {jwks: {file: set.json}}}}", files: ["set.json": keys]
    ).map { $0.split(separator: "error: ").last.map(String.init) ?? "" }
  }

  @Test func `a key set is read as providers write it, and told of key by key`() async {
    #expect(await Self.withSet(TokenFixtures.jwks).isEmpty)
    #expect(await Self.withSet(#"{"keys":[]}"#).first?.hasPrefix("jwks: holds no key for") == true)
    let short = await Self.withSet(TokenFixtures.smallJWKS)
    #expect(short.first == "jwks: key 1: no public key for RS256 (an RSA key of 2048 bits or more)")
    let odd = await Self.withSet(
      #"{"keys":[7,{"kty":"RSA"},{"kty":"oct","kid":"a","k":"cGxhbnRlZA"},{"kty":"EC","crv":"P-256","kid":"b","x":"planted","y":"AA"}]}"#
    )
    #expect(
      odd.prefix(4) == [
        "jwks: key 1: not an object, or with members given twice", "jwks: key 2: it has no kid",
        "jwks: key 3: too short: 7 bytes; HS256 needs 32 or more, as from openssl rand -hex 32",
        "jwks: key 4: no public key for ES256 (an EC key on P-256)",
      ], "\(odd)")
    let twice = #"{"kty":"oct","kid":"a","k":"\#(String(repeating: "A", count: 44))"}"#
    #expect(await Self.withSet(#"{"keys":[\#(twice),\#(twice)]}"#) == ["kid: another key has the same"])
  }

  /// A secret wherever somebody might put one by mistake.
  @Test(
    arguments: [
      "planted-secret-planted-secret: 1", "keys: {planted-secret-planted-secret: web}",
      "keys: {a: {planted-secret-planted-secret: web}}", "keys: {a: {key: planted-secret, projects: web}}",
      "keys: {a: {key: [planted-secret-planted-secret], projects: web}}",
      "keys: {a: {sha256: planted-secret-planted-secret, projects: web}}",
      "keys: {a: {key: x, projects: planted-secret-planted-secret}}", "allow: [phc_plantedplantedpla]",
      "allow: [phc_plantedplantedplantedplantedplanted]", "allow: planted-secret-planted-secret",
      "projects: {a: {key: phx_planted}}", "projects: {a: {key: planted\u{e9}planted, team_id: planted}}",
      "projects: {a: {key: {env: planted-secret-planted-secret}}}",
      "projects: {a: {key: {file: planted}}}", "projects: {a: {key: {file: planted-secret-planted-secret/x}}}",
      "projects: {a: {key: {file: \"-----BEGIN\\nplanted\"}}}",
      "keys:\n  a:\n    key: 'planted-secret\nallow: any", "keys: {a: planted-secret-planted-secret",
      "a: planted: planted", "planted-secret-planted-secret: 1\nplanted-secret-planted-secret: 2",
      "jwt: {audience: a, keys: {a: {algorithm: HS256, secret: planted}}}",
      "jwt: {audience: a, keys: {a: {algorithm: RS256, public_key: \"-----BEGIN PRIVATE KEY-----\\nplanted\"}}}",
      "jwt: {audience: a, keys: {a: {algorithm: planted-secret-planted-secret}}}",
      "jwt: {audience: a, keys: {a: {jwks: '{\"keys\":[{\"kty\":\"oct\",\"kid\":\"planted\",\"k\":\"planted\"}]}'}}}",
      "*planted", "a: &planted [*planted]", "planted-secret",
    ])
  func `no error repeats a secret`(_ text: String) async {
    let errors = await Self.errors(text)
    #expect(!errors.isEmpty)
    #expect(!errors.contains { $0.contains("planted") }, "\(errors)")
  }

  @Test func `an access file that is not there is told with its setting`() async {
    let file = await AccessFile.load(path: "/nowhere/access.yaml", environment: [:])
    #expect(file.errors == ["/nowhere/access.yaml: no such file (access.path)"])
  }

  /// The example of docs/access.md, with what it names beside it.
  @Test func `the example of the documentation is a right one`() async throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    let page = String(decoding: try FileBytes.read("\(root)/docs/access.md", bytesMax: 1 << 20), as: UTF8.self)
    let example = try #require(page.split(separator: "```yaml\n").dropFirst().first?.split(separator: "```").first)
    let (file, folder) = await Self.load(
      String(example),
      files: [
        "secrets/batch.key": "some-gateway-key-of-batch", "secrets/jwks.json": TokenFixtures.jwks,
        "secrets/backend.pem": TokenFixtures.ecPEM,
      ])
    let access = try #require(file.access, "\(file.errors)")
    #expect(file.files.count == 4 && file.files.allSatisfy { $0.hasPrefix(folder) })
    #expect(access.projects.count == 2 && access.keys.count == 2 && access.passing.count == 1)
    #expect(access.tokens?.signers.count == 3 && access.tokens?.nameless.count == 1)
  }

  @Test func `entries are counted`() async {
    func keys(_ count: Int) -> String {
      "projects: {a: {key: phc_a}}\nkeys:\n"
        + (0..<count).map { "  k\($0): {key: some-gateway-key-\($0), projects: a}\n" }.joined()
    }
    #expect(await Self.errors(keys(AccessReader.entriesMax)).isEmpty)
    let over = await Self.errors(keys(AccessReader.entriesMax + 1))
    #expect(over == ["access.yaml:3:3: error: keys: more than 10000"])
  }

  @Test func `nothing of an access file is in what people print`() async throws {
    let (file, _) = await Self.load(
      "projects: {a: {key: phc_planted, team_id: 7}}\nkeys: {k: {key: planted-gateway-key, projects: a}}\n"
        + "jwt: {audience: a, keys: {k: {algorithm: HS256, secret: planted-planted-planted-planted-planted}}}")
    try #require(file.access?.tokens?.nameless.count == 1)
    var dumped = ""
    dump(file, to: &dumped)
    #expect(dumped.contains("hs256") && !dumped.contains("SymmetricKey"))
    #expect(!dumped.contains("planted") && !"\(file)".contains("planted"))
    for refusal in [AccessRefusal.unknownCredential, .token(.signature), .teamNeeded([7]), .noCredential] {
      #expect(!"\(refusal)".contains("planted"))
    }
  }
}

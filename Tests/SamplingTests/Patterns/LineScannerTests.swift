import Bytes
import Sampling
import Testing

@testable import SamplingSimulation

@Suite struct LineScannerTests {
  /// From the table of what is a value and what a word.
  @Test(arguments: [
    ("took 12 ms", "took <*>"), ("took 12ms for 3 KB", "took <*> for <*>"), ("12 things", "<*> things"),
    ("id deadbeef421 done", "id <*> done"), ("id deadbeef done", "id <*> done"), ("a decade ago", "a decade ago"),
    ("at 0x7fff2a", "at <*>"), ("trace 6ba7b810-9dad-11d1-80b4-00c04fd430c8 ends", "trace <*> ends"),
    ("from 00:1b:44:11:3a:b7 up", "from <*> up"), ("from fe80:0:1::a8 up", "from <*> up"), ("a: b: c: d", "a b c d"),
    ("mail to a.b@example.com sent", "mail to <*> sent"), ("see https://x.example/y?z=1 now", "see <*> now"),
    ("open /etc/passwd failed", "open <*> failed"), (#"open C:\x\y failed"#, "open <*> failed"),
    ("open ./a and ../b", "open <*> and <*>"), ("and/or", "and/or"), ("a/b.c d/e/f", "<*>"),
    ("peer db.local:5432 gone", "peer <*> gone"), ("worker(12) idle", "<*> idle"), ("worker[7]: idle", "<*> idle"),
    ("job ab12cd failed", "job <*> failed"), ("en0 en1 en2 up", "en# up"),
    ("over http2 and ipv4", "over http2 and ipv4"),
    ("Mon Jan 5 12:00:00 UTC ok", "<*> UTC ok"), ("Jan 5 ok", "<*> ok"), ("Jan ok", "Jan ok"),
    ("12:00 CEST ok", "<*> ok"),
    ("12:00 CET ok", "<*> ok"), (#"say "hello world" twice"#, #"say "hello world" twice"#),
    (#"say "" twice"#, "say <*> twice"),
    (#"say "x1" twice"#, "say <*> twice"), ("wait... done.", "wait done"), ("--verbose, really!", "verbose really"),
    ("Größe überschritten", "Größe überschritten"), ("", ""), ("12 34", "<*>"), (" \t\r ", ""),
    ("\u{0}s3", "<*>"), ("user\u{1b}[31m", "user\u{20} <*>"),
  ])
  func `values are left out and words stay`(line: String, template: String) {
    var scanner = LineScanner()
    #expect(scanner.template(line) == template)
  }

  /// What was stored under an id yesterday must be found under it tomorrow, and on every replica.
  @Test(arguments: [
    ("connection from 10.0.0.1 closed", "8b28d115a0a0317c"), ("connection from 10.9.8.7 closed", "8b28d115a0a0317c"),
    ("", "2d7f3f6b1a9380b4"), ("a rather longer line of words without any values", "e97bde5059af9dc4"),
    (#"en0 "x y""#, "e6c1b77adc6433cd"),
  ])
  func `ids never change`(line: String, id: String) {
    var scanner = LineScanner()
    #expect(scanner.id(line).description == id)
  }

  @Test func `what was scanned before makes no difference`() {
    let lines = MixedLines(500, seed: 3).lines
    var used = LineScanner()
    for line in lines {
      var fresh = LineScanner()
      #expect(used.id(line) == fresh.id(line))
    }
  }

  @Test func `a line is read up to 2,048 bytes`() {
    var scanner = LineScanner()
    let padding = String(repeating: " ", count: LineScanner.bytesMax - 4)
    #expect(scanner.template(padding + "last") == "last")
    #expect(scanner.template(" " + padding + "last") == "las")
    #expect(scanner.template(padding + "last" + " more") == "last")
  }

  @Test func `a line has at most 48 words`() {
    var scanner = LineScanner()
    let words = (0..<LineScanner.wordsMax).map { "w\(Array("abcdefgh")[$0 % 8])\(Array("abcdefgh")[$0 / 8])" }
    let line = words.joined(separator: " ")
    #expect(scanner.template(line) == line)
    #expect(scanner.id(line) == scanner.id(line + " more"))
    #expect(scanner.id(line) != scanner.id(words.dropLast().joined(separator: " ")))
  }

  @Test func `quotes hold one word of up to 81 bytes`() {
    var scanner = LineScanner()
    let text = String(repeating: "x ", count: 40)
    #expect(scanner.template("\"\(text)y\"") == "\"\(text)y\"")
    #expect(!scanner.template("\"\(text)yy\"").hasPrefix("\""))
  }

  @Test func `no bytes crash it, and all of them are read only once`() {
    var random = SeededRandom(seed: 11)
    var scanner = LineScanner()
    let hard = Array("1a:./\"( -@Z[)]\\z=".utf8)
    for round in 0..<3_000 {
      let bytes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
        round % 2 == 0 ? UInt8.random(in: 0...255, using: &random) : hard.randomElement(using: &random) ?? 0
      }
      let first = Int.random(in: 0...bytes.count, using: &random)
      let slice = Slice(first, Int.random(in: first...bytes.count, using: &random))
      scanner.scan(bytes.span, slice)
      let id = scanner.id
      // Nothing outside of the slice counts.
      let alone = Array(bytes[slice.range])
      scanner.scan(alone.span, Slice(0, alone.count))
      #expect(scanner.id == id, "\(bytes) \(slice)")
    }
  }

  /// Lines that each look-ahead reads again and again would take sixty-four times as long when eight times as long.
  @Test(arguments: ["1:", "ab:", "a::", "\"x", "(1", "a(1", "Mon ", "Mon,,", "..", "1.", "aaaaa:", "/,", "x:/"])
  func `the time for a line grows with its length only`(piece: String) {
    func time(_ bytes: Int) -> Duration {
      let line = Array(String(repeating: piece, count: bytes / piece.utf8.count).utf8) + Array("g".utf8)
      var scanner = LineScanner()
      return (0..<30).map { _ in
        ContinuousClock().measure {
          for _ in 0..<10 { scanner.scan(line.span, Slice(0, line.count)) }
        }
      }.min() ?? .zero
    }
    #expect(time(2_000) < time(250) * 30)
  }
}

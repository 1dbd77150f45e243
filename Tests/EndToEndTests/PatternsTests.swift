import Testing

extension EndToEnd {
  /// `hoglet patterns` in pipes of the shell, where `p` stands for it.
  @Suite(.timeLimit(.minutes(5))) struct PatternsTests {
    private struct Ending {
      var code: Program.Exit
      var output: String
      var errors: String
    }

    private func shell(_ script: String) throws -> Ending {
      let folder = TemporaryFolder()
      let program = try Program(
        "/bin/sh",
        [
          "-c",
          "p() { '\(Stage.binary)' patterns \"$@\"; }; mkdir '\(folder.path)/w' && cd '\(folder.path)/w' && \(script)",
        ],
        environment: Stage.environment(["SWIFT_BACKTRACE": "enable=no", "TMPDIR": "."]), folder: folder.path)
      let code = try program.waitForExit(within: .seconds(60))
      return Ending(code: code, output: program.output, errors: program.errors)
    }

    /// Behind the signatures, which differ.
    private func columns(_ output: String) -> [String] {
      // Bytes: to a String, CR LF is one character.
      output.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast().map {
        String(decoding: $0.drop { $0 != 0x09 }.dropFirst(), as: UTF8.self)
      }
    }

    static let colours =
      #"printf 'paint red now\npaint green now\npaint blue now\npaint black now\npaint white now\nend\n'"#

    @Test(arguments: ["p colours", "p < colours", "cat colours | p", "cat colours | p -"])
    func `all lines of one kind have one signature at the end of the input`(script: String) throws {
      let ending = try shell("\(Self.colours) > colours; \(script)")
      #expect(ending.code == .code(0), "\(ending)")
      let lines = ending.output.split(separator: "\n")
      #expect(Set(lines.prefix(5).map { $0.prefix(16) }).count == 1, "\(ending.output)")
      #expect(
        columns(ending.output) == [
          "paint <*> now\tpaint red now", "paint <*> now\tpaint green now",
          "paint <*> now\tpaint blue now", "paint <*> now\tpaint black now",
          "paint <*> now\tpaint white now", "end\tend",
        ])
    }

    @Test func `a stream has each line at once, as it is known then`() throws {
      // The second half of the input waits for the first half of the output.
      let ending = try shell(
        "mkfifo in out; p --stream in > out & exec 9< out 8> in; \(Self.colours) >&8; "
          + "for n in 1 2 3 4 5 6; do read -r line <&9 && echo \"$line\"; done; echo 'paint pink now' >&8; "
          + "read -r line <&9 && echo \"$line\"; exec 8>&-; wait")
      #expect(ending.code == .code(0), "\(ending)")
      #expect(
        columns(ending.output) == [
          "paint red now\tpaint red now", "paint green now\tpaint green now",
          "paint blue now\tpaint blue now", "paint black now\tpaint black now",
          "paint <*> now\tpaint white now", "end\tend", "paint <*> now\tpaint pink now",
        ])
    }

    @Test func `a summary counts the lines of each kind, the most frequent first`() throws {
      let ending = try shell("\(Self.colours) | p --summary")
      #expect(ending.code == .code(0))
      #expect(columns(ending.output) == ["5\tpaint <*> now", "1\tend"])
    }

    @Test func `a summary of more patterns than it has rows counts the rarest together`() throws {
      // Each line is a word of its own; one comes twice.
      let ending = try shell(
        "{ echo 100001; seq 100001 160000; } | tr 0-9 a-j | p --summary > s; head -n 1 s; tail -n 1 s; "
          + "awk -F '\\t' '{ lines += $2 } END { print lines, NR }' s")
      #expect(ending.code == .code(0), "\(ending)")
      #expect(
        columns(ending.output) == ["2\tbaaaab", "25000\t(patterns too rare to be listed)", ""])
      #expect(ending.output.hasSuffix("\n60001 35001\n"))
    }

    /// Script, output behind the signatures.
    @Test(arguments: [
      ("printf '' | p", ""), ("printf '' | p --summary", ""), ("printf '' > e; p e", ""), ("printf '\\n' | p", "\t\n"),
      ("printf 'a b' | p", "a b\ta b\n"), ("printf 'a b\\r\\nc d\\r\\n' | p", "a b\ta b\nc d\tc d\n"),
      ("printf 'a b\\r' | p", "a b\ta b\n"), ("printf 'a\\r\\r\\n' | p", "a\ta\r\n"),
      ("printf 'a\\000b c\\n' | p", "a b c\ta\u{0}b c\n"), ("printf 'a\\tb\\n' | p --stream", "a b\ta\tb\n"),
      ("printf 'caf\\351 au lait\\n' | p | od -An -c | tr -d ' \\n' | tail -c 30", "lait\\tcaf351aulait\\n"),
    ])
    func `ends of lines and odd bytes change nothing`(script: String, output: String) throws {
      let ending = try shell(script)
      #expect(ending.code == .code(0), "\(ending)")
      let isDump = script.contains("od ")
      let columns = isDump ? ending.output : self.columns(ending.output).map { $0 + "\n" }.joined()
      #expect(isDump ? columns.hasSuffix(output) : columns == output, "\(Array(ending.output.utf8))")
    }

    @Test(arguments: [(0, 0), (1, 1), (3_000_000, 1)])
    func `a line of more than a mebibyte is cut there, and told`(more: Int, cut: Int) throws {
      let ending = try shell(
        "{ head -c \(1_048_576 + more) /dev/zero | tr '\\0' x; printf '\\nnext one\\n'; } > long; "
          + "p long | cut -f3- | wc -c; cat long | p --stream | tail -1 | cut -f3-")
      #expect(ending.code == .code(0), "\(ending)")
      #expect(ending.output == "\(1_048_576 + 1 + 9)\nnext one\n")
      #expect(ending.errors.contains("1 lines of more than 1048576 bytes were cut there") == (cut == 1))
    }

    @Test(arguments: [
      ("p missing", 65, "hoglet: missing: no such file\n"),
      ("mkdir f; p f", 65, "hoglet: f: a folder; name a file of lines, or - for standard input\n"),
      ("p < /", 65, "hoglet: standard input: a folder; name a file of lines, or - for standard input\n"),
      ("echo a | TMPDIR=/nowhere p", 1, "no temporary file in /nowhere: No such file or directory; set TMPDIR"),
      ("p --stream --summary", 64, "--stream and --summary exclude each other."),
    ])
    func `what cannot be read is told`(script: String, code: Int32, message: String) throws {
      let ending = try shell(script)
      #expect(ending.code == .code(code))
      #expect(ending.errors.contains(message), "\(ending.errors)")
      #expect(ending.output == "")
    }

    // Where SIGPIPE is ignored, as services often are started, cat would complain.
    @Test(arguments: ["p big", "cat big 2>/dev/null | p", "p --stream big"])
    func `it ends when nobody reads any more`(command: String) throws {
      let ending = try shell(
        "awk 'BEGIN { for (i = 0; i < 300000; i++) print \"one line of many 12\" }' > big; \(command) | head -n 1; "
          + "ls | grep -v big")
      #expect(ending.code == .code(1), "nothing is left behind: \(ending)")
      #expect(columns(ending.output) == ["one line of many <*>\tone line of many 12"])
      #expect(ending.errors == "")
    }

    @Test func `grouping is that of the miner`() throws {
      let golden = "\(Stage.root)/Tests/Patterns/golden/words"
      let ending = try shell(
        "cat '\(golden).log' | p | cut -f1 > ids; paste '\(golden).groups' ids | sort -u | wc -l; "
          + "sort -u '\(golden).groups' | wc -l; sort -u ids | wc -l")
      #expect(ending.code == .code(0))
      #expect(Set(ending.output.split(separator: "\n")).count == 1, "\(ending.output)")
    }
  }
}

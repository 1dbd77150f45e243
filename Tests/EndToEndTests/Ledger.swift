/// What the span generator wrote down: which spans it sent, and which of them were acknowledged.
struct Ledger {
  var sent: Set<Substring> = []
  var acknowledged: Set<Substring> = []

  init(_ path: String) {
    // The last line may be half written.
    for line in Files.text(path).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let words = line.split(separator: " ")
      guard words.count == 3 else { continue }
      if words[0] == "sent" { sent.insert(words[2]) } else { acknowledged.insert(words[2]) }
    }
  }
}

import Glibc

/// A bar on the terminal, while there is something to wait for.
package struct ReplayProgress {
  package struct State: Sendable {
    let done: Int
    let count: Int
    let answers: [UInt16: Int]
    let duration: Duration

    init(done: Int, of count: Int, _ summary: ReplaySummary) {
      self.done = done
      self.count = count
      answers = summary.answers
      duration = summary.duration
    }
  }

  /// Characters of the bar: with the counts behind it, it fits 80 columns.
  static let width = 24

  private let isShown: Bool
  private let write: ([UInt8]) -> Void

  package init(isShown: Bool, write: @escaping ([UInt8]) -> Void) {
    self.isShown = isShown
    self.write = write
  }

  package static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  package func show(_ state: State) {
    if isShown { write(Array("\r\u{1b}[K\(Self.line(state))".utf8)) }
  }

  /// Clears the bar, so that the summary stands alone.
  package func finish() {
    if isShown { write(Array("\r\u{1b}[K".utf8)) }
  }

  static func line(_ state: State) -> String {
    let filled = state.count == 0 ? width : width * state.done / state.count
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    let rate = Int(Double(state.done) / max(state.duration / .seconds(1), 0.001))
    let others = state.answers.filter { !(200..<300).contains($0.key) }.values.reduce(0, +)
    return "[\(bar)] \(state.done)/\(state.count), \(rate)/s" + (others > 0 ? ", \(others) not accepted" : "")
  }
}

import ArgumentParser
import Gateway

struct PatternsVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patterns", abstract: "Print of which kind each line of a log is.",
    discussion: """
      Lines of one kind have the same words and differ in numbers, ids, addresses, names and other values. Each line is \
      printed behind its signature and its template, with tabs between them. Without --stream and --summary, nothing is \
      printed before the end of the input: only then is it known which words were values.
      """)

  @Argument(help: "A file of lines, - or nothing for standard input.")
  var file = "-"

  @Flag(help: "Print each line at once, with the signature as it is known then.")
  var stream = false

  @Flag(help: "Print each signature once, with the number of its lines, the most frequent first.")
  var summary = false

  func validate() throws {
    if stream, summary { throw ValidationError("--stream and --summary exclude each other.") }
  }

  func run() throws {
    let form: PatternsCommand.Form = summary ? .summary : stream ? .stream : .resolved
    try Shell.run { try Commands.live.patterns(PatternsCommand(file: file, form: form)) }
  }
}

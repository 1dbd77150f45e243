import Bytes
package import Mapping
import OTLP
import Telemetry

/// Mapping without a gateway: files in, events out. The same code as delivery, with an infinite hold and no sampler.
package struct OfflineMapping {
  private struct Source {
    var body: [UInt8]
    var index: RequestIndex
  }

  private let mapper: Mapper
  private var sources: [Source] = []

  /// What happened to a file.
  package struct FileProblem: Error, CustomStringConvertible {
    package var file: String
    package var reason: String
    package var description: String { "\(file): \(reason)" }
  }

  package init(program: Program) {
    mapper = Mapper(program: program)
  }

  /// Adds the body of an OTLP request, protobuf or JSON, traces or logs: told by its content. Returns what is odd about it.
  package mutating func add(_ file: String, _ bytes: [UInt8]) throws(FileProblem) -> String? {
    guard let kind = ContentKind.identify(bytes) else {
      throw FileProblem(file: file, reason: "this is no OTLP request, neither protobuf nor JSON")
    }
    do {
      var body = bytes
      if kind.encoding == .json { body = try JSONTranscoder.protobuf(from: bytes.span, signal: kind.signal) }
      let scan = try RequestScanner.scan(&body, signal: kind.signal)
      sources.append(Source(body: body, index: scan.index))
      return scan.rejected > 0 ? "\(file): \(scan.rejection)" : nil
    } catch {
      throw FileProblem(file: file, reason: "\(error)")
    }
  }

  /// Every event of everything that was added, trace by trace in order of first appearance, each as one JSON object.
  package mutating func events() throws -> [[UInt8]] {
    var order: [TraceID] = []
    var units: [TraceID: [(source: Int, unit: Int)]] = [:]
    for (number, source) in sources.enumerated() {
      for (unit, entry) in source.index.units.enumerated() {
        guard let trace = entry.trace else { continue }
        if units[trace] == nil { order.append(trace) }
        units[trace, default: []].append((number, unit))
      }
    }
    var loader = TraceLoader()
    var output = ByteBuffer()
    var events: [[UInt8]] = []
    for trace in order {
      for (number, unit) in units[trace] ?? [] {
        let source = sources[number]
        loader.add(source.index.units[unit], of: source.index) { slices, arena in
          for slice in slices { arena.append(source.body.span, slice) }
        }
      }
      try loader.decode()
      loader.take { mapper.load(&$0) }
      guard mapper.facts.isAI else { continue }
      output.truncate(to: 0)
      for event in mapper.writeEvents(WritingContext(), to: &output) {
        output.withSpan { span in
          var json: [UInt8] = []
          json.append(span, event.json)
          events.append(json)
        }
      }
    }
    return events
  }
}

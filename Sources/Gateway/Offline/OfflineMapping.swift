import Bytes
package import Mapping
import OTLP
package import Telemetry

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
    self.init(mapper: Mapper(program: program))
  }

  /// With a mapper that has mapped other things, as delivery's has.
  init(mapper: Mapper) {
    self.mapper = mapper
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
    var events: [[UInt8]] = []
    try eachTrace { _, written, output in
      for event in written { events.append(output.array(event.json)) }
    }
    return events
  }

  /// What sampling would know of every event, beside the event.
  package mutating func facts() throws -> [(facts: EventFacts, event: [UInt8])] {
    var facts: [(EventFacts, [UInt8])] = []
    try eachTrace { mapper, written, output in
      let known = written.isEmpty ? [] : mapper.eventFacts(WritingContext())
      for (fact, event) in zip(known, written) { facts.append((fact, output.array(event.json))) }
    }
    return facts
  }

  /// Why every event of everything that was added looks as it does.
  package mutating func explanations() throws -> [EventExplanation] {
    var explanations: [EventExplanation] = []
    try eachTrace { mapper, written, output in
      output.withSpan { explanations += mapper.explain(written, in: $0) }
    }
    return explanations
  }

  /// What the dialects made of everything that was added.
  package mutating func recognition() throws -> Recognition {
    var recognition = Recognition()
    try eachTrace { mapper, _, _ in mapper.recognise(into: &recognition) }
    return recognition
  }

  /// Maps trace by trace in order of first appearance; `body` gets the mapper, what it has written and where.
  private mutating func eachTrace(_ body: (Mapper, [MappedEvent], borrowing ByteBuffer) -> Void) throws {
    var order: [TraceID] = []
    var units: [TraceID: [(source: Int, unit: Int)]] = [:]
    var loader = TraceLoader()
    for (number, source) in sources.enumerated() {
      for (unit, entry) in source.index.units.enumerated() {
        guard let trace = try entry.trace ?? recordTrace([(number, unit)], &loader) else { continue }
        if units[trace] == nil { order.append(trace) }
        units[trace, default: []].append((number, unit))
      }
    }
    var output = ByteBuffer()
    var calls = CallMemory()
    if mapper.hasSecondaries, order.count > 1 {
      // An infinite hold: every trace's own calls are known before the first that may tell of them again is mapped.
      for trace in order {
        try load(units[trace] ?? [], trace, &loader)
        _ = mapper.match(&calls, keepsWaiting: true)
      }
    }
    for trace in order {
      try load(units[trace] ?? [], trace, &loader)
      _ = mapper.match(&calls, keepsWaiting: false)
      output.truncate(to: 0)
      let written = mapper.facts.isAI ? mapper.writeEvents(WritingContext(), to: &output) : []
      body(mapper, written, output)
    }
  }

  /// The trace of a record that names none; nil if it becomes no event.
  private func recordTrace(_ unit: [(source: Int, unit: Int)], _ loader: inout TraceLoader) throws -> TraceID? {
    try load(unit, nil, &loader)
    return mapper.recordTrace
  }

  private func load(
    _ units: [(source: Int, unit: Int)], _ trace: TraceID?, _ loader: inout TraceLoader
  ) throws {
    for (number, unit) in units {
      let source = sources[number]
      loader.add(source.index.units[unit], of: source.index) { slices, arena in
        for slice in slices { arena.append(source.body.span, slice) }
      }
    }
    try loader.decode()
    loader.take { mapper.load(&$0, trace: trace) }
  }
}

extension ByteBuffer {
  fileprivate func array(_ slice: Slice) -> [UInt8] {
    withSpan { span in
      var bytes: [UInt8] = []
      bytes.append(span, slice)
      return bytes
    }
  }
}

import Bytes
import Glibc
import Mapping
import OTLP
import Telemetry

/// Decodes, maps and encodes requests from files again and again, trace by trace as delivery does, and nothing else: what
/// callgrind counts of it is the cost of a span. `map-benchmark [--mappings=FOLDER] ROUNDS FILE…` prints how many spans it
/// did; the folder's files replace the built-in ones, as in the gateway.
///
/// Measured as a difference, so that start-up and reading do not count: docs/performance.md says how. With 0 rounds it
/// prints the events instead, to be compared before and after a change.
@main
enum MapBenchmark {
  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    let flag = "--mappings="
    let folder = arguments.first.flatMap { $0.hasPrefix(flag) ? String($0.dropFirst(flag.count)) : nil }
    if folder != nil { arguments.removeFirst() }
    guard arguments.count > 1, let rounds = arguments.popFirst().flatMap({ Int($0) }),
      let set = loadMappings(directory: folder).set
    else { exit(64) }
    let requests = arguments.map { path in
      var body = read(path)
      guard let index = try? RequestScanner.scan(&body, signal: .traces).index else { exit(65) }
      return (body: body, index: index)
    }
    let mapper = Mapper(program: Program(set))
    if rounds == 0 {
      for request in requests { _ = map(request.body, request.index, mapper, isPrinted: true) }
      return
    }
    var spans = 0
    var bytes = 0
    for _ in 0..<rounds {
      for request in requests {
        let (done, written) = map(request.body, request.index, mapper)
        spans += done
        bytes += written
      }
    }
    unsafe puts("\(spans) spans, \(bytes) bytes of events")
  }

  private static func map(
    _ request: [UInt8], _ index: RequestIndex, _ mapper: Mapper, isPrinted: Bool = false
  ) -> (spans: Int, bytes: Int) {
    var output = ByteBuffer(capacity: 1 << 16)
    var batch = Batch()
    var decoder = BatchDecoder()
    var spans = 0
    var bytes = 0
    for unit in index.units {
      let records = index.records[unit.range]
      guard let placed = place(records, index, request, &batch),
        (try? decoder.decode(
          resources: placed.resources, scopes: placed.scopes, records: placed.records, into: &batch)) != nil
      else { exit(65) }
      mapper.load(&batch)
      output.truncate(to: 0)
      spans += mapper.writeEvents(WritingContext(), to: &output).count
      bytes += output.count
      if isPrinted { output.withSpan { events in print(events.string(Slice(0, events.count))) } }
    }
    return (spans, bytes)
  }

  /// Copies a unit's resource, scope and records next to each other into the arena, as delivery does from the spool.
  private static func place(
    _ records: ArraySlice<RecordEntry>, _ index: RequestIndex, _ request: [UInt8], _ batch: inout Batch
  ) -> (resources: [Slice], scopes: [ScopeEntry], records: [RecordEntry])? {
    func copy(_ slice: Slice) -> Slice {
      let start = batch.arena.count
      batch.arena.append(request.span, slice)
      return Slice(start, batch.arena.count)
    }
    guard let first = records.first else { return nil }
    var scope = index.scopes[Int(first.scope)]
    let resource = copy(index.resources[Int(scope.resource)])
    scope = ScopeEntry(resource: 0, scope: copy(scope.scope), schemaURL: copy(scope.schemaURL))
    let placed = records.map { record in
      var moved = record
      moved.scope = 0
      moved.body = copy(record.body)
      return moved
    }
    return ([resource], [scope], placed)
  }

  private static func read(_ path: String) -> [UInt8] {
    guard let file = unsafe fopen(path, "re") else { exit(66) }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
  }
}

import Bytes
import Mapping
import OTLP
import Telemetry

@testable import Gateway

/// OTLP in protobuf: what the scanner accepts decodes, its index survives being stored, and what the stock tables make
/// of it is JSON.
enum OTLPTarget {
  static func run(_ input: [UInt8]) {
    for signal in Signal.allCases { scan(input, signal) }
    StockMapping.map(input)
  }

  private static func scan(_ input: [UInt8], _ signal: Signal) {
    var batch = Batch(arena: input)
    guard let result = try? RequestScanner.scan(&batch.arena, signal: signal) else { return }
    let index = result.index
    let count = batch.arena.count
    Fuzzing.expect(result.accepted == index.records.count, "every record that is accepted stands in the index")
    Fuzzing.expect((result.rejected > 0) == !result.rejection.isEmpty, "who loses records is told why")
    Fuzzing.expect(result.rejection.utf8.count <= Limits.messageBytesMax, "and in few words")
    let stored = index.encoded()
    let again = try? RequestIndex(stored.span, bodyCount: count)
    Fuzzing.expect(again?.encoded() == stored, "an index that was stored is the same when read")
    let body = batch.arena
    var decoder = BatchDecoder()
    do throws(OTLPError) {
      try decoder.decode(resources: index.resources, scopes: index.scopes, records: index.records, into: &batch)
    } catch {
      Fuzzing.expect(false, "what was scanned decodes: \(error)")
    }
    let decoded = signal == .traces ? batch.spans.count : batch.logs.count
    Fuzzing.expect(decoded == index.records.count, "each record decodes to one")
    Fuzzing.expect((try? JSONRendering.json(body.span, signal: signal)).map(isJSON) ?? true, "it can be shown as JSON")
  }

  static func isJSON(_ bytes: [UInt8]) -> Bool {
    // Requests may nest deeper than JSON in attributes may; so only what stays below is looked at.
    var tape = JSONTape()
    do throws(JSONError) {
      _ = try tape.parse(bytes.span, Slice(0, bytes.count))
    } catch {
      return error.reason == .tooDeep || error.reason == .tooManyValues
    }
    return true
  }
}

/// The whole way from a request to events, by the tables that are compiled in.
enum StockMapping {
  /// One for all, as in delivery: making one takes longer than mapping a trace. On libFuzzer's only thread.
  nonisolated(unsafe) private static let mapper = loadMappings(directory: nil).set.map { Mapper(program: Program($0)) }

  static func map(_ input: [UInt8]) {
    guard let mapper = unsafe mapper else { fatalError("the stock mappings do not load") }
    var mapping = OfflineMapping(mapper: mapper)
    guard (try? mapping.add("input", input)) != nil else { return }
    do {
      for event in try mapping.events() {
        Fuzzing.expect(OTLPTarget.isJSON(event), "an event is JSON: \(String(decoding: event, as: UTF8.self))")
      }
      _ = try mapping.explanations()
    } catch {
      Fuzzing.expect(false, "what was scanned is mapped: \(error)")
    }
  }
}

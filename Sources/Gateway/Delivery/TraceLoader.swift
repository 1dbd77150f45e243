import Bytes
import OTLP
import Telemetry

/// Brings the records of one trace, from however many requests, into one batch.
struct TraceLoader: ~Copyable {
  private(set) var batch = Batch()
  private var resources: [Slice] = []
  private var scopes: [ScopeEntry] = []
  private var records: [RecordEntry] = []
  private var decoder = BatchDecoder()

  /// Adds the records of one unit that `isWanted`; `read` appends the bytes of slices of the request's body to the arena,
  /// in order.
  mutating func add(
    _ unit: Unit, of index: RequestIndex, where isWanted: (RecordEntry) -> Bool = { _ in true },
    read: ([Slice], inout [UInt8]) throws -> Void
  ) rethrows {
    try add(CollectionOfOne(unit), of: index, where: isWanted, read: read)
  }

  /// The same for several units of one request, read together.
  mutating func add(
    _ units: some Sequence<Unit>, of index: RequestIndex, where isWanted: (RecordEntry) -> Bool = { _ in true },
    read: ([Slice], inout [UInt8]) throws -> Void
  ) rethrows {
    var slices: [Slice] = []
    var position = batch.arena.count
    func place(_ slice: Slice) -> Slice {
      slices.append(slice)
      let placed = Slice(position, position + Int(slice.count))
      position += Int(slice.count)
      return placed
    }
    var scopeNumbers: [UInt32: UInt32] = [:]
    var resourceNumbers: [UInt32: UInt32] = [:]
    for record in units.lazy.flatMap({ index.records[$0.range] }) where isWanted(record) {
      var scope = scopeNumbers[record.scope]
      if scope == nil {
        let entry = index.scopes[Int(record.scope)]
        var resource = resourceNumbers[entry.resource]
        if resource == nil {
          resource = UInt32(resources.count)
          resources.append(place(index.resources[Int(entry.resource)]))
          resourceNumbers[entry.resource] = resource
        }
        scope = UInt32(scopes.count)
        scopes.append(
          ScopeEntry(resource: resource ?? 0, scope: place(entry.scope), schemaURL: place(entry.schemaURL)))
        scopeNumbers[record.scope] = scope
      }
      var placed = record
      placed.scope = scope ?? 0
      placed.body = place(record.body)
      records.append(placed)
    }
    try read(slices, &batch.arena)
  }

  /// Decodes what was added.
  mutating func decode() throws {
    try decoder.decode(resources: resources, scopes: scopes, records: records, into: &batch)
    resources.removeAll(keepingCapacity: true)
    scopes.removeAll(keepingCapacity: true)
    records.removeAll(keepingCapacity: true)
  }

  /// What was added, as requests.
  func requests() -> (traces: [UInt8], logs: [UInt8]) {
    RequestWriter.requests(batch.arena.span, resources: resources, scopes: scopes, records: records)
  }

  /// Hands the batch to somebody who swaps it for an empty one.
  mutating func take(_ body: (inout Batch) -> Void) { body(&batch) }

  /// Forgets what was added.
  mutating func reset() {
    batch.removeAll()
    resources.removeAll(keepingCapacity: true)
    scopes.removeAll(keepingCapacity: true)
    records.removeAll(keepingCapacity: true)
  }
}

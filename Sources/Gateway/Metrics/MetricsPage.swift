/// The metrics as a page: docs/metrics.md.
package enum MetricsPage {
  package static var markdown: String {
    var text = """
      # Metrics

      <!-- Made from Metric.definition by the tests; HOGLET_REWRITE_DOCS=1 swift test --filter page rewrites it. -->

      `GET /metrics` on `admin.listen` answers in Prometheus' text format. The label `key` is a fingerprint of the project
      key, never the key; beyond \(Metric.lanesMax) keys the rest is counted under `other`.

      | metric | type | labels | |
      |---|---|---|---|

      """
    for definition in Metric.allCases.map(\.definition) {
      let labels = definition.labels.map { "`\($0)`" }.joined(separator: ", ")
      text += "| `\(definition.name)` | \(definition.kind.rawValue) | \(labels) | \(definition.help) |\n"
    }
    let states = RecordState.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    return text + "\nStates of a record: \(states).\n"
  }
}

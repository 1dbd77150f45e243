/// The current values of one metric, ready to be rendered in any format.
package struct MetricFamily: Sendable, Equatable {
  package struct Label: Sendable, Equatable {
    package let name: String
    package let value: String
  }

  package struct Sample: Sendable, Equatable {
    package let labels: [Label]
    package let value: Double
  }

  package let name: String
  package let help: String
  package let type: Metric.Kind
  /// Sorted by label values, so that two renderings differ only where the values do.
  package let samples: [Sample]
}

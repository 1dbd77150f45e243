/// One metric with all its series, as Prometheus sees it.
package struct MetricFamily: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// `hoglet_requests_total`: letters, digits and underscores; units at the end; counters end in `_total`.
  package var name: String
  package var help: String
  package var kind: Kind
  package var samples: [Sample]

  package init(name: String, help: String, kind: Kind, samples: [Sample]) {
    self.name = name
    self.help = help
    self.kind = kind
    self.samples = samples
  }

  /// One series: its labels, in the order to be written, and where it stands now.
  package struct Sample: Sendable, Equatable {
    package var labels: [Label]
    package var reading: Reading

    package init(labels: [Label] = [], reading: Reading) {
      self.labels = labels
      self.reading = reading
    }

    /// Of a counter or a gauge.
    package init(labels: [Label] = [], value: Double) {
      self.init(labels: labels, reading: .number(value))
    }
  }

  package struct Label: Sendable, Equatable {
    package var name: String
    /// Any text; the writer escapes it.
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  package enum Reading: Sendable, Equatable {
    /// Of a counter or a gauge.
    case number(Double)
    /// Of a histogram: how many observations were at most each bound, not cumulated; those above the last bound too, so
    /// `counts` has one element more than `bounds`. `sum` adds up all observations.
    case distribution(bounds: [Double], counts: [UInt64], sum: Double)
  }
}

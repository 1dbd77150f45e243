package import Transport

extension MetricFamily {
  /// What servers counted, each with the label `listener`, the name given here.
  package static func transport(_ servers: [(listener: String, counts: TransportCounts)]) -> [MetricFamily] {
    func family(
      _ name: String, _ help: String, _ kind: Kind, _ value: (TransportCounts) -> Int
    ) -> MetricFamily {
      MetricFamily(
        name: name, help: help, kind: kind,
        samples: servers.map { server in
          Sample(labels: [Label(name: "listener", value: server.listener)], value: Double(value(server.counts)))
        })
    }
    let classes: [(String, (TransportCounts) -> Int)] = [
      ("2xx", \.answers2xx), ("3xx", \.answers3xx), ("4xx", \.answers4xx), ("5xx", \.answers5xx),
    ]
    let answers = servers.flatMap { server in
      classes.map { name, count in
        Sample(
          labels: [Label(name: "listener", value: server.listener), Label(name: "class", value: name)],
          value: Double(count(server.counts)))
      }
    }
    return [
      family("hoglet_http_connections", "Connections open now.", .gauge, \.connectionsOpen),
      family("hoglet_http_connections_opened_total", "Connections accepted.", .counter, \.connectionsOpened),
      family("hoglet_http_connections_refused_total", "Connections over a limit.", .counter, \.connectionsRefused),
      family("hoglet_tls_handshakes_total", "TLS connections set up.", .counter, \.handshakes),
      family(
        "hoglet_tls_handshakes_failed_total", "TLS connections that failed before any request.", .counter,
        \.handshakesFailed),
      MetricFamily(
        name: "hoglet_http_answers_total", help: "Answers by the class of their status.", kind: .counter,
        samples: answers),
      family("hoglet_http_received_bytes_total", "Bytes read from clients.", .counter, \.bytesIn),
      family("hoglet_http_body_bytes", "Bytes of request bodies held now.", .gauge, \.bodyBytesInFlight),
    ]
  }
}

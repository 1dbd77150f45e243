/// Every bound of the listeners, each with the reason for its default.
package struct TransportLimits: Sendable {
  /// Bytes of the request line and all headers, trailers too (431). Keys and trace context fit four times over.
  package var headBytesMax = 16 << 10
  /// Headers of one request, trailers too (431). Real exporters send about ten, proxies add ten more.
  package var headerCountMax = 100
  /// Bytes of one body on the wire (413): the limit the OTLP specification recommends.
  package var bodyBytesMax = 64 << 20
  /// Bytes of all bodies between their first byte and their answer (503): one of the largest and hundreds of usual ones
  /// at once, and with all else still less memory than the smallest machines have.
  package var bodyBytesInFlightMax = 96 << 20
  /// Bytes of an announced body that are set aside before they come; more follows with its bytes, for one client may
  /// announce as many bodies as it has streams (128 x 16 KiB), and pay a few bytes for each.
  package var bodyBytesFirst = 16 << 10
  /// Bodies above this are completed on a worker, so that a long decode stalls no event loop: about 1 ms of work.
  package var inlineBodyBytesMax = 1 << 20
  /// The rest of a refused body is read and thrown away up to this size, so that the connection lives on; reading more
  /// costs the client more than a new connection does.
  package var discardBytesMax = 256 << 10
  /// Requests waiting behind the one being answered on one connection, in parser parts; above it the connection ends.
  /// No exporter pipelines; this bounds those who do on purpose.
  package var pipelinedPartsMax = 1_024

  /// From the first byte of a head to its last (408): one round trip is enough, slow-header attacks hold on for minutes.
  package var headTimeout = Duration.seconds(5)
  /// How long a body may come slower than `bodyRateMin` (408).
  package var bodyGrace = Duration.seconds(5)
  /// Bytes a second a body must average after the grace (408); a modem line does 5 KiB/s.
  package var bodyRateMin = 1 << 10
  /// From the head to the last byte of the body (408): 64 MiB at 10 Mbit/s.
  package var bodyTimeout = Duration.seconds(60)
  /// How long the receiver may think (503): exporters give up after 10 s and retry a 503, so it must come well before.
  package var answerTimeout = Duration.seconds(4)
  /// How long an answer may wait for the client to read it, then the connection is cut.
  package var writeTimeout = Duration.seconds(10)
  /// How long a connection may stay open between requests; exporters send every 5 s or every 60 s.
  package var idleTimeout = Duration.seconds(60)
  /// After an answer to a request that was not read to its end: how long to read on, so that the answer is not
  /// destroyed by a reset before the client has read it.
  package var lingerTimeout = Duration.seconds(2)
  /// How often the timeouts above are checked, and so how exact they are.
  package var sweepInterval = Duration.milliseconds(250)

  /// Requests open at once on one HTTP/2 connection: exporters have one or a few, proxies pool more.
  package var streamsPerConnectionMax = 128
  /// What a client may send of one HTTP/2 request before we have taken it: at 50 ms of way, 160 Mbit/s.
  package var streamWindowBytes = 1 << 20
  /// The same for all requests of one HTTP/2 connection.
  package var connectionWindowBytes = 4 << 20
  /// Requests that a client may take back (RST_STREAM, or an error that makes us reset), in one go, and a second after
  /// that, before the connection ends ("rapid reset", CVE-2023-44487): exporters take back a few when they time out.
  package var streamResetsBurst = 200
  package var streamResetsPerSecond = 33
  /// Frames of HTTP/2 that carry nothing of a request, in one go, a second after that, and for each request beside that:
  /// grpc-go opens windows and pings for every answer.
  package var controlFramesBurst = 1_000
  package var controlFramesPerSecond = 200
  package var controlFramesPerRequest = 4
  /// Acknowledgements waiting for a client that does not read them.
  package var acknowledgementsQueuedMax = 1_000

  /// How far the event loops step back (`nice(2)`) when others of the process want the same core; 0: not at all.
  package var niceness = 0

  /// Open connections of this server: what the usual limit of 20,480 file descriptors leaves.
  package var connectionsMax = 20_000
  /// Open connections from one IPv4 address or IPv6 /64; high enough for a load balancer with a pool.
  package var connectionsPerAddressMax = 1_024

  package init() {}
}

// swift-tools-version: 6.2
// Hoglet: a gateway between OpenTelemetry and PostHog. The floors of the targets are held by Tests/ArchitectureTests.
import PackageDescription

/// Set by scripts/fuzz.sh: everything of ours counts which ways are taken, and Tests/Fuzzing is built as well.
let isFuzzing = Context.environment["HOGLET_FUZZ"] != nil
let coverage: [SwiftSetting] =
  isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing", "-assert-config", "Debug"])] : []

let settings: [SwiftSetting] =
  coverage + [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
  ]

func target(_ name: String, _ dependencies: [Target.Dependency], extra: [SwiftSetting] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings + extra)
}

func test(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func system(_ name: String, _ pkgConfig: String?, apt: [String]) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt(apt)])
}

/// Swift's libraries inside of the binary: counting references and allocating cost no jump through a table, and less of
/// them comes into memory. In the order of who needs whom, but for the group that goes in circles.
let staticSwift: [LinkerSetting] = [
  .unsafeFlags(
    ["-static-stdlib", "-Xlinker", "--gc-sections", "-Xlinker", "--start-group"]
      + [
        "Foundation", "FoundationInternationalization", "FoundationEssentials", "CoreFoundation", "_FoundationICU",
        "_FoundationCShims", "_FoundationCollections", "swiftDispatch", "dispatch", "BlocksRuntime",
      ].map { "-l\($0)" } + ["-Xlinker", "--end-group", "-lstdc++"],
    .when(platforms: [.linux], configuration: .release))
]

let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOPosix", package: "swift-nio"),
  .product(name: "NIOHTTP1", package: "swift-nio"),
]

let package = Package(
  name: "hoglet",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "hoglet", targets: ["hoglet"]),
    // For PostHog's compliance harness, not for people: docs/reliability.md.
    .executable(name: "capture-adapter", targets: ["CaptureAdapter"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
  ],
  targets: [
    // Floor 0: C libraries, a module map and a shim each.
    system("CCurl", "libcurl", apt: ["libcurl4-openssl-dev"]),
    system("CNghttp2", "libnghttp2", apt: ["libnghttp2-dev"]),
    system("COpenSSL", "libssl", apt: ["libssl-dev"]),
    system("CCrypto", "libcrypto", apt: ["libssl-dev"]),
    system("CLMDB", "lmdb", apt: ["liblmdb-dev"]),
    system("CDeflate", "libdeflate", apt: ["libdeflate-dev"]),
    system("CZstd", "libzstd", apt: ["libzstd-dev"]),
    // The files of Mappings/, compiled in.
    .target(name: "CStock"),
    // Floor 1
    target("Bytes", []),
    target("Codec", ["Bytes", "CCrypto", "CDeflate", "CZstd"]),
    // Floor 2
    target("Telemetry", ["Bytes"]),
    // Floor 3
    target("OTLP", ["Telemetry", "Bytes"]),
    // Lifetimes: Mapper.bytes lends the arena to whoever writes from it.
    target(
      "Mapping", ["Telemetry", "Bytes", "Codec", "CStock", .product(name: "Yams", package: "Yams")],
      extra: [
        .enableExperimentalFeature("Lifetimes"),
        // One thread owns a Mapper; checking each access to its fields at run time cost a tenth of its time.
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
      ]),
    target("Sampling", ["Telemetry", "Bytes"]),
    target("Spool", ["Telemetry", "Bytes", "Codec", "CLMDB"]),
    target("Capture", ["Bytes", "CCurl"]),
    target("Store", ["Telemetry", "Bytes", .product(name: "GRDB", package: "GRDB.swift")]),
    target("Transport", nio + ["Bytes", "Codec", "CNghttp2", "COpenSSL"]),
    // Floor 4
    target("Console", ["Transport", "Telemetry", "Codec", "Bytes"]),
    target(
      "Gateway",
      [
        "Transport", "OTLP", "Mapping", "Sampling", "Spool", "Capture", "Store", "Console", "Telemetry", "Codec",
        "Bytes",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "JWTKit", package: "jwt-kit"),
      ]),
    // Floor 5
    .executableTarget(
      name: "hoglet",
      dependencies: ["Gateway", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: settings, linkerSettings: staticSwift),
    // Tests
    test("ArchitectureTests", []),
    test("BytesTests", ["Bytes"]),
    test("CaptureTests", ["Capture", "Bytes", "TestSupport"]),
    test("CodecTests", ["Codec", "Bytes", "TestSupport"]),
    test("OTLPTests", ["OTLP", "Telemetry", "Bytes"]),
    test("SamplingTests", ["Sampling", "SamplingSimulation", "Telemetry", "Bytes"]),
    test("SpoolTests", ["Spool", "Codec", "Telemetry", "Bytes", "TestSupport", "FailingDisk"]),
    test("StoreTests", ["Store", "Telemetry", .product(name: "GRDB", package: "GRDB.swift")]),
    test("TelemetryTests", ["Telemetry", "Bytes"]),
    test("TransportTests", nio + ["Transport", "Codec", "Bytes", "TestSupport"]),
    test(
      "GatewayTests",
      [
        "Gateway", "hoglet", "Capture", "Console", "Sampling", "Spool", "Store", "Transport", "Mapping", "OTLP",
        "Telemetry",
        "Codec",
        "Bytes",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    test("FixtureTests", ["Gateway", "Mapping", "Bytes"]),
    test("ConsoleTests", ["Console", "Transport", "Codec", "Bytes", "TestSupport"]),
    test("EndToEndTests", ["Bytes", "CaptureAdapter"]),
    .testTarget(
      name: "MappingTests", dependencies: ["Mapping", "Telemetry", "Bytes"], exclude: ["Diagnostics", "Examples"],
      swiftSettings: settings),
    // Counted by callgrind: docs/performance.md.
    .executableTarget(
      name: "MapBenchmark", dependencies: ["Mapping", "OTLP", "Telemetry", "Bytes"], path: "Tests/MapBenchmark",
      swiftSettings: settings),
    // The tables of docs/sampling.md.
    .executableTarget(
      name: "SamplingSimulation", dependencies: ["Sampling"], path: "Tests/SamplingSimulation", swiftSettings: settings),
    // What patterns cost and how right they are: docs/sampling.md.
    .executableTarget(
      name: "PatternBenchmark", dependencies: ["Sampling", "Bytes"], path: "Tests/PatternBenchmark",
      swiftSettings: settings),
    .executableTarget(
      name: "CaptureAdapter", dependencies: ["Capture", "Transport", "Mapping", "Codec", "Bytes"],
      path: "Tests/CaptureAdapter", swiftSettings: settings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    .target(name: "FailingDisk", path: "Tests/FailingDisk"),
  ]
)

if isFuzzing {
  package.targets.append(
    .executableTarget(
      name: "Fuzzing",
      dependencies: nio + [
        "Gateway", "Spool", "Mapping", "OTLP", "Transport", "Telemetry", "Codec", "Bytes",
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      path: "Tests/Fuzzing", exclude: ["corpus"], swiftSettings: settings,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
}

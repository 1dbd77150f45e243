// The stock mappings, put into the program by the compiler: Mappings/ stays the only place where they are written, and
// a change there compiles in a moment (SwiftPM's own embedding took 30 s for 200 KB). StockTests writes this file.
#include "stock.h"

// #embed is C23; clang knows it in every C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char agent_framework_yaml[] = {
#embed "../../Mappings/agent-framework.yaml"
};
static const unsigned char agentops_yaml[] = {
#embed "../../Mappings/agentops.yaml"
};
static const unsigned char anthropic_sdk_yaml[] = {
#embed "../../Mappings/anthropic-sdk.yaml"
};
static const unsigned char autogen_yaml[] = {
#embed "../../Mappings/autogen.yaml"
};
static const unsigned char bedrock_yaml[] = {
#embed "../../Mappings/bedrock.yaml"
};
static const unsigned char claude_code_yaml[] = {
#embed "../../Mappings/claude-code.yaml"
};
static const unsigned char common_yaml[] = {
#embed "../../Mappings/common.yaml"
};
static const unsigned char dialects_yaml[] = {
#embed "../../Mappings/dialects.yaml"
};
static const unsigned char fallback_yaml[] = {
#embed "../../Mappings/fallback.yaml"
};
static const unsigned char gemini_cli_yaml[] = {
#embed "../../Mappings/gemini-cli.yaml"
};
static const unsigned char gen_ai_yaml[] = {
#embed "../../Mappings/gen-ai.yaml"
};
static const unsigned char genkit_yaml[] = {
#embed "../../Mappings/genkit.yaml"
};
static const unsigned char google_adk_1_yaml[] = {
#embed "../../Mappings/google-adk-1.yaml"
};
static const unsigned char google_adk_yaml[] = {
#embed "../../Mappings/google-adk.yaml"
};
static const unsigned char haystack_yaml[] = {
#embed "../../Mappings/haystack.yaml"
};
static const unsigned char laminar_yaml[] = {
#embed "../../Mappings/laminar.yaml"
};
static const unsigned char langfuse_yaml[] = {
#embed "../../Mappings/langfuse.yaml"
};
static const unsigned char langsmith_yaml[] = {
#embed "../../Mappings/langsmith.yaml"
};
static const unsigned char langwatch_yaml[] = {
#embed "../../Mappings/langwatch.yaml"
};
static const unsigned char litellm_v2_yaml[] = {
#embed "../../Mappings/litellm-v2.yaml"
};
static const unsigned char litellm_yaml[] = {
#embed "../../Mappings/litellm.yaml"
};
static const unsigned char livekit_yaml[] = {
#embed "../../Mappings/livekit.yaml"
};
static const unsigned char llm_yaml[] = {
#embed "../../Mappings/llm.yaml"
};
static const unsigned char logfire_agents_yaml[] = {
#embed "../../Mappings/logfire-agents.yaml"
};
static const unsigned char logfire_yaml[] = {
#embed "../../Mappings/logfire.yaml"
};
static const unsigned char mastra_yaml[] = {
#embed "../../Mappings/mastra.yaml"
};
static const unsigned char mcp_yaml[] = {
#embed "../../Mappings/mcp.yaml"
};
static const unsigned char mlflow_yaml[] = {
#embed "../../Mappings/mlflow.yaml"
};
static const unsigned char openinference_yaml[] = {
#embed "../../Mappings/openinference.yaml"
};
static const unsigned char openlit_yaml[] = {
#embed "../../Mappings/openlit.yaml"
};
static const unsigned char openrouter_yaml[] = {
#embed "../../Mappings/openrouter.yaml"
};
static const unsigned char posthog_yaml[] = {
#embed "../../Mappings/posthog.yaml"
};
static const unsigned char properties_yaml[] = {
#embed "../../Mappings/properties.yaml"
};
static const unsigned char pydantic_ai_yaml[] = {
#embed "../../Mappings/pydantic-ai.yaml"
};
static const unsigned char redaction_yaml[] = {
#embed "../../Mappings/redaction.yaml"
};
static const unsigned char semantic_kernel_yaml[] = {
#embed "../../Mappings/semantic-kernel.yaml"
};
static const unsigned char spring_ai_yaml[] = {
#embed "../../Mappings/spring-ai.yaml"
};
static const unsigned char strands_yaml[] = {
#embed "../../Mappings/strands.yaml"
};
static const unsigned char trace_yaml[] = {
#embed "../../Mappings/trace.yaml"
};
static const unsigned char traceloop_legacy_yaml[] = {
#embed "../../Mappings/traceloop-legacy.yaml"
};
static const unsigned char traceloop_yaml[] = {
#embed "../../Mappings/traceloop.yaml"
};
static const unsigned char values_yaml[] = {
#embed "../../Mappings/values.yaml"
};
static const unsigned char vercel_ai_7_yaml[] = {
#embed "../../Mappings/vercel-ai-7.yaml"
};
static const unsigned char vercel_ai_yaml[] = {
#embed "../../Mappings/vercel-ai.yaml"
};
static const unsigned char voltagent_yaml[] = {
#embed "../../Mappings/voltagent.yaml"
};
static const unsigned char overlays_latency_milliseconds_yaml[] = {
#embed "../../Mappings/overlays/latency-milliseconds.yaml"
};

static const struct stock_file files[] = {
    {"agent-framework.yaml", agent_framework_yaml, sizeof agent_framework_yaml},
    {"agentops.yaml", agentops_yaml, sizeof agentops_yaml},
    {"anthropic-sdk.yaml", anthropic_sdk_yaml, sizeof anthropic_sdk_yaml},
    {"autogen.yaml", autogen_yaml, sizeof autogen_yaml},
    {"bedrock.yaml", bedrock_yaml, sizeof bedrock_yaml},
    {"claude-code.yaml", claude_code_yaml, sizeof claude_code_yaml},
    {"common.yaml", common_yaml, sizeof common_yaml},
    {"dialects.yaml", dialects_yaml, sizeof dialects_yaml},
    {"fallback.yaml", fallback_yaml, sizeof fallback_yaml},
    {"gemini-cli.yaml", gemini_cli_yaml, sizeof gemini_cli_yaml},
    {"gen-ai.yaml", gen_ai_yaml, sizeof gen_ai_yaml},
    {"genkit.yaml", genkit_yaml, sizeof genkit_yaml},
    {"google-adk-1.yaml", google_adk_1_yaml, sizeof google_adk_1_yaml},
    {"google-adk.yaml", google_adk_yaml, sizeof google_adk_yaml},
    {"haystack.yaml", haystack_yaml, sizeof haystack_yaml},
    {"laminar.yaml", laminar_yaml, sizeof laminar_yaml},
    {"langfuse.yaml", langfuse_yaml, sizeof langfuse_yaml},
    {"langsmith.yaml", langsmith_yaml, sizeof langsmith_yaml},
    {"langwatch.yaml", langwatch_yaml, sizeof langwatch_yaml},
    {"litellm-v2.yaml", litellm_v2_yaml, sizeof litellm_v2_yaml},
    {"litellm.yaml", litellm_yaml, sizeof litellm_yaml},
    {"livekit.yaml", livekit_yaml, sizeof livekit_yaml},
    {"llm.yaml", llm_yaml, sizeof llm_yaml},
    {"logfire-agents.yaml", logfire_agents_yaml, sizeof logfire_agents_yaml},
    {"logfire.yaml", logfire_yaml, sizeof logfire_yaml},
    {"mastra.yaml", mastra_yaml, sizeof mastra_yaml},
    {"mcp.yaml", mcp_yaml, sizeof mcp_yaml},
    {"mlflow.yaml", mlflow_yaml, sizeof mlflow_yaml},
    {"openinference.yaml", openinference_yaml, sizeof openinference_yaml},
    {"openlit.yaml", openlit_yaml, sizeof openlit_yaml},
    {"openrouter.yaml", openrouter_yaml, sizeof openrouter_yaml},
    {"posthog.yaml", posthog_yaml, sizeof posthog_yaml},
    {"properties.yaml", properties_yaml, sizeof properties_yaml},
    {"pydantic-ai.yaml", pydantic_ai_yaml, sizeof pydantic_ai_yaml},
    {"redaction.yaml", redaction_yaml, sizeof redaction_yaml},
    {"semantic-kernel.yaml", semantic_kernel_yaml, sizeof semantic_kernel_yaml},
    {"spring-ai.yaml", spring_ai_yaml, sizeof spring_ai_yaml},
    {"strands.yaml", strands_yaml, sizeof strands_yaml},
    {"trace.yaml", trace_yaml, sizeof trace_yaml},
    {"traceloop-legacy.yaml", traceloop_legacy_yaml, sizeof traceloop_legacy_yaml},
    {"traceloop.yaml", traceloop_yaml, sizeof traceloop_yaml},
    {"values.yaml", values_yaml, sizeof values_yaml},
    {"vercel-ai-7.yaml", vercel_ai_7_yaml, sizeof vercel_ai_7_yaml},
    {"vercel-ai.yaml", vercel_ai_yaml, sizeof vercel_ai_yaml},
    {"voltagent.yaml", voltagent_yaml, sizeof voltagent_yaml},
    {"overlays/latency-milliseconds.yaml", overlays_latency_milliseconds_yaml, sizeof overlays_latency_milliseconds_yaml},
};

size_t stock_file_count(void) { return sizeof files / sizeof files[0]; }

struct stock_file stock_file_at(size_t number) { return files[number]; }


ˆ2
¢
"
telemetry.sdk.language
python
%
telemetry.sdk.name
opentelemetry
!
telemetry.sdk.version
1.45.2

service.name
demo

logfire.version
5.4.0à0

logfire.openai_agents5.4.0³'
¢[W®¶>¼c_jAÁë<¨Û‚"èƒf Pý*+Responses API with {gen_ai.request.model!r}09ÃØZLšDëAÑª¸ešDëJ
code.filepath
app.pyJ
code.linenoJ
model_settingsý
ú{"temperature":null,"top_p":null,"frequency_penalty":null,"presence_penalty":null,"tool_choice":null,"parallel_tool_calls":null,"truncation":null,"max_tokens":null,"reasoning":null,"verbosity":null,"metadata":null,"store":null,"prompt_cache_retention":null,"include_usage":null,"response_include":null,"top_logprobs":null,"extra_query":null,"extra_body":null,"extra_headers":null,"extra_args":null,"retry":null,"context_management":null,"prompt_cache_options":null,"preserve_raw_usage":null,"timeout":null}J%
gen_ai.request.model
gpt-4o-miniJE
logfire.msg_template-
+Responses API with {gen_ai.request.model!r}J
logfire.span_type
spanJ
response_id
	resp_0001Jè
usageÞ
Û{"requests":1,"input_tokens":101,"output_tokens":21,"total_tokens":122,"input_tokens_details":{"cache_write_tokens":0,"cached_tokens":32,"cache_write_tokens_details":null},"output_tokens_details":{"reasoning_tokens":5}}J
gen_ai.system
openaiJ!
gen_ai.response.id
	resp_0001J1
gen_ai.response.model
gpt-4o-mini-2024-07-18J
responseƒ
€{"id":"resp_0001","access_programs":null,"created_at":1790000000.0,"error":null,"incomplete_details":null,"instructions":"Help.","metadata":{},"model":"gpt-4o-mini-2024-07-18","object":"response","output":[{"arguments":"{\"city\": \"Paris\"}","call_id":"call_0001","name":"get_weather","type":"function_call","id":"fc_1","async_":null,"caller":null,"namespace":null,"status":"completed"}],"parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[{"name":"get_weather","parameters":{"properties":{"city":{"title":"City","type":"string"}},"required":["city"],"title":"get_weather_args","type":"object","additionalProperties":false},"strict":true,"type":"function","allowed_callers":null,"async_":null,"defer_loading":null,"description":"w","output_schema":null},{"name":"transfer_to_french","parameters":{"additionalProperties":false,"type":"object","properties":{},"required":[]},"strict":true,"type":"function","allowed_callers":null,"async_":null,"defer_loading":null,"description":"Handoff to the french agent to handle the request. ","output_schema":null}],"top_p":1.0,"background":null,"completed_at":null,"conversation":null,"image":null,"input_transformations":null,"max_output_tokens":null,"max_tool_calls":null,"moderation":null,"previous_response_id":null,"prompt":null,"prompt_cache_diagnostics":null,"prompt_cache_key":null,"prompt_cache_options":null,"prompt_cache_retention":null,"reasoning":null,"safety_identifier":null,"service_tier":null,"status":"completed","text":null,"tool_usage":null,"top_logprobs":null,"truncation":null,"usage":{"input_tokens":101,"input_tokens_details":{"cache_write_tokens":null,"cached_tokens":32,"cache_write_tokens_details":null},"output_tokens":21,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":122},"user":null}J
gen_ai.operation.name
chatJ2
gen_ai.response.finish_reasons
["tool_calls"]J5
	raw_input(
&[{"content":"Weather?","role":"user"}]J×
eventsÌ
É[{"event.name":"gen_ai.system.message","content":"Help.","role":"system"},{"event.name":"gen_ai.user.message","content":"Weather?","role":"user"},{"event.name":"gen_ai.assistant.message","role":"assistant","tool_calls":[{"id":"call_0001","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Paris\"}"}}]}]J
gen_ai.usage.input_tokenseJ 
gen_ai.usage.output_tokensJ*
$gen_ai.usage.cache_read.input_tokens J­
gen_ai.usage.raw˜
•{"input_tokens":101,"input_tokens_details":{"cached_tokens":32},"output_tokens":21,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":122}J1
logfire.msg"
 Responses API with 'gpt-4o-mini'Jº	
logfire.json_schema¢	
Ÿ	{"type":"object","properties":{"response_id":{},"usage":{"type":"object"},"gen_ai.system":{},"model_settings":{"type":"object","title":"ModelSettings","x-python-datatype":"dataclass"},"gen_ai.request.model":{},"gen_ai.response.id":{},"gen_ai.response.model":{},"response":{"type":"object","title":"Response","x-python-datatype":"PydanticModel","properties":{"output":{"type":"array","items":{"type":"object","title":"ResponseFunctionToolCall","x-python-datatype":"PydanticModel"}},"tools":{"type":"array","items":{"type":"object","title":"FunctionTool","x-python-datatype":"PydanticModel"}},"usage":{"type":"object","title":"ResponseUsage","x-python-datatype":"PydanticModel","properties":{"input_tokens_details":{"type":"object","title":"InputTokensDetails","x-python-datatype":"PydanticModel"},"output_tokens_details":{"type":"object","title":"OutputTokensDetails","x-python-datatype":"PydanticModel"}}}}},"gen_ai.operation.name":{},"gen_ai.response.finish_reasons":{"type":"array"},"raw_input":{"type":"array"},"events":{"type":"array"},"gen_ai.usage.input_tokens":{},"gen_ai.usage.output_tokens":{},"gen_ai.usage.cache_read.input_tokens":{},"gen_ai.usage.raw":{"type":"object"}}}ë
¢[W®¶>¼c_jAÁÛ«ëäó3É"èƒf Pý*Function: {name}09tWfšDëAQh¾fšDëJ
code.filepath
app.pyJ
code.linenoJ*
logfire.msg_template
Function: {name}J
logfire.span_type
spanJ
name
get_weatherJ
input
{"city": "Paris"}J
output
21CJ
mcp_data
nullJ
gen_ai.system
openaiJ&
logfire.msg
Function: get_weatherJˆ
logfire.json_schemaq
o{"type":"object","properties":{"name":{},"input":{},"output":{},"mcp_data":{"type":"null"},"gen_ai.system":{}}}™
¢[W®¶>¼c_jAÁèƒf Pý"xÜ/ÃXisp*Turn {turn} for agent weather09ãÐ*GšDëAÉfšDëJ
code.filepath
app.pyJ
code.linenoJ7
logfire.msg_template
Turn {turn} for agent weatherJ
logfire.span_type
spanJ
type
customJ
name
turnJ
gen_ai.system
openaiJ
sdk_span_type
turnJ

turnJ

agent_name	
weatherJh
usage_
]{"input_tokens":101,"output_tokens":21,"cached_input_tokens":32,"cache_write_input_tokens":0}J)
logfire.msg
Turn 1 for agent weatherJ©
logfire.json_schema‘
Ž{"type":"object","properties":{"type":{},"name":{},"gen_ai.system":{},"sdk_span_type":{},"turn":{},"agent_name":{},"usage":{"type":"object"}}}

´"
ì
"
telemetry.sdk.language
python
%
telemetry.sdk.name
opentelemetry
!
telemetry.sdk.version
1.45.2
3
langwatch.sdk.name
langwatch-observability-sdk
 
langwatch.sdk.version
1.4.0
"
langwatch.sdk.language
python
(
service.name
unknown_service:pythoní 

	langwatch1.4.0©
*EÑëC¸·√Î≠ãÒı@‚áDƒ∏ÂÕ"·ÿ’é∫*llm09Ñ%-?DÎAP_2U?DÎJ
langwatch.span.type
llmJb
langwatch.inputO
M{"type": "chat_messages", "value": [{"role": "user", "content": "Capital?"}]}Jq
langwatch.output]
[{"type": "chat_messages", "value": [{"role": "assistant", "content": "Parismarker-0002."}]}Jv
langwatch.timestamps^
\{"started_at": 1795603914568, "first_token_at": 1795603915203, "finished_at": 1795603915221}J,
gen_ai.request.model
openai/gpt-4o-miniJ&
langwatch.params
{"stream": true}J]
langwatch.metricsH
F{"prompt_tokens": 102, "completion_tokens": 22, "reasoning_tokens": 5}J 
gen_ai.usage.prompt_tokensfJ$
gen_ai.usage.completion_tokensá
*EÑëC¸·√Î≠ãÒı@¡GF2O‡"·ÿ’é∫*llm09¸π7U?DÎA#©nZ?DÎJ
langwatch.span.type
llmJb
langwatch.inputO
M{"type": "chat_messages", "value": [{"role": "user", "content": "Weather?"}]}JË
langwatch.output”
–{"type": "chat_messages", "value": [{"content": null, "role": "assistant", "tool_calls": [{"id": "call_0003", "function": {"arguments": "{\"city\": \"Paris\"}", "name": "get_weather"}, "type": "function"}]}]}JU
langwatch.timestamps=
;{"started_at": 1795603915240, "finished_at": 1795603915271}J,
gen_ai.request.model
openai/gpt-4o-miniJ¨
langwatch.paramsó
î{"tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]}J]
langwatch.metricsH
F{"prompt_tokens": 103, "completion_tokens": 23, "reasoning_tokens": 5}J 
gen_ai.usage.prompt_tokensgJ$
gen_ai.usage.completion_tokensÜ
*EÑëC¸·√Î≠ãÒı@j$±≈+AG"·ÿ’é∫*get_weather09¯ŒuZ?DÎA∫∫o\?DÎJ
langwatch.span.type
toolJ
langwatch.timestamps
{}JA
langwatch.input.
,{"type": "json", "value": {"city": "Paris"}}J=
langwatch.output)
'{"type": "json", "value": {"temp": 21}}ë
*EÑëC¸·√Î≠ãÒı@
–ﬂ@0Ïo	"·ÿ’é∫*llm098TÔ\?DÎAˇë%b?DÎJ
langwatch.span.type
llmJa
langwatch.inputN
L{"type": "chat_messages", "value": [{"role": "user", "content": "FAIL429"}]}JU
langwatch.timestamps=
;{"started_at": 1795603915370, "finished_at": 1795603915429}J,
gen_ai.request.model
openai/gpt-4o-miniJ
langwatch.params
{}J
langwatch.metrics
{}Zê	*÷"b?DÎ	exception)
exception.type
openai.RateLimitError1
exception.message
Error code: 429 - fake 429
exception.escaped
Falsez∂
*EÑëC¸·√Î≠ãÒı@V áE) ›±"·ÿ’é∫*manual09çnFb?DÎAä∂Sc?DÎJ
langwatch.span.type
llmJ\
langwatch.inputI
G{"type": "chat_messages", "value": [{"role": "user", "content": "hi"}]}J
langwatch.timestamps
{}J'
gen_ai.request.model
openai/gpt-4oJ8
langwatch.output$
"{"type": "text", "value": "hello"}J*
langwatch.params
{"temperature": 0.1}JÄ
langwatch.metricsk
i{"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 2, "cost": 0.01, "first_token_ms": 120}J 
gen_ai.usage.prompt_tokens
J$
gen_ai.usage.completion_tokensÔ
*EÑëC¸·√Î≠ãÒı@á˘¨c‡"·ÿ’é∫*inner09ò´[c?DÎAiª]c?DÎJ
langwatch.span.type
agentJ
langwatch.timestamps
{}J3
langwatch.input 
{"type": "text", "value": "x"}J9
langwatch.output%
#{"type": "json", "value": {"y": 1}}¸
*EÑëC¸·√Î≠ãÒı@_EÊ:πëò"·ÿ’é∫*faithful09Î±Ll?DÎA™Óqm?DÎJ#
langwatch.span.type

evaluationJ
langwatch.timestamps
{}Js
langwatch.output_
]{"type": "evaluation_result", "value": {"status": "processed", "passed": true, "score": 0.9}}˛
*EÑëC¸·√Î≠ãÒı@·ÿ’é∫*support09àH#?DÎA4vòm?DÎJ`
metadataT
R{"thread_id": "thread-1", "user_id": "user-42", "labels": ["beta"], "plan": "pro"}J
langwatch.span.type
spanJ
langwatch.timestamps
{}J!
langwatch.origin
applicationJ7
langwatch.output#
!{"type": "text", "value": "done"}Z«	Á|qm?DÎlangwatch.evaluation.customû
json_encoded_eventá
Ñ{"evaluation_id": "eval_3Mb0MzB2lzcm0AfiL5TGXrFWqEg", "span_id": "5f4519e63ab99198", "name": "faithful", "type": null, "is_guardrail": null, "status": "processed", "passed": true, "score": 0.9, "label": null, "details": null, "error": null, "timestamps": null}
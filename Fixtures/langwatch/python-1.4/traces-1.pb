
≈

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
unknown_service:python¨

	langwatch1.4.0»
*EÑëC¸·√Î≠ãÒı@<Á“œ}N—g"·ÿ’é∫*retr09 ≈'?DÎAÍ]e(?DÎJ
langwatch.span.type
ragJ
langwatch.timestamps
{}J>
langwatch.input+
){"type": "json", "value": {"q": "paris"}}JT
langwatch.rag_contexts:
8[{"document_id": "d1", "content": "Paris is in France"}]J4
langwatch.output 
{"type": "text", "value": "x"} 
*EÑëC¸·√Î≠ãÒı@V÷#ùı‹ı¿"·ÿ’é∫*llm09∑Ä(?DÎA¥~-?DÎJ
langwatch.span.type
llmJå
langwatch.inputy
w{"type": "chat_messages", "value": [{"role": "system", "content": "Be nice"}, {"role": "user", "content": "Capital?"}]}Jr
langwatch.output^
\{"type": "chat_messages", "value": [{"content": "Paris marker-0001.", "role": "assistant"}]}JU
langwatch.timestamps=
;{"started_at": 1795603914490, "finished_at": 1795603914547}J,
gen_ai.request.model
openai/gpt-4o-miniJ<
langwatch.params(
&{"max_tokens": 50, "temperature": 0.3}J]
langwatch.metricsH
F{"prompt_tokens": 101, "completion_tokens": 21, "reasoning_tokens": 5}J 
gen_ai.usage.prompt_tokenseJ$
gen_ai.usage.completion_tokens
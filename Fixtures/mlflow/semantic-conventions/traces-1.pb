
û
g
"
telemetry.sdk.language
python

telemetry.sdk.name
mlflow
!
telemetry.sdk.version
3.17.2

mlflow.tracing.providerÃ
s?¸àN¡dTı(óhÂ
–Æm¼¨v"$?™}]*get_weather09ÏìwşDëA2øôwşDëJ@
mlflow.traceRequestId'
%"tr-733fb8e04ea16454fd28f30268c20a96"J
mlflow.spanType
"TOOL"J*
mlflow.spanFunctionName
"get_weather"J(
mlflow.spanInputs
{"city": "Paris"}J$
mlflow.spanOutputs
{"temp": 21}J
mlflow.spanLogLevel
20z«
s?¸àN¡dTı(óhÂ
–AYÀiÿ·òy"$?™}]*chat claude-sonnet-4-2025051409øvxşDëA©S}şDëJ
gen_ai.operation.name
chatJ2
gen_ai.request.model
claude-sonnet-4-20250514J#
gen_ai.provider.name
	anthropicJ 
gen_ai.usage.input_tokensÊJ 
gen_ai.usage.output_tokensJ[
gen_ai.input.messagesB
@[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]JF
gen_ai.system_instructions(
&[{"type": "text", "content": "Kind."}]J
gen_ai.request.max_tokens
Jq
gen_ai.output.messagesW
U[{"role": "assistant", "parts": [{"type": "text", "content": "Paris marker-0003."}]}]J 
gen_ai.response.id

msg_0003J3
gen_ai.response.model
claude-sonnet-4-20250514z
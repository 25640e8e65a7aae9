#pragma once
#include "api/routes.h"
#include "io/json.h"

/// What the routes do.
namespace mr::api {

Checked<Reply> get_health(const Call& call);
Checked<Reply> get_live(const Call& call);
Checked<Reply> get_ready(const Call& call);
Checked<Reply> get_metrics(const Call& call);
Checked<Reply> get_models(const Call& call);
Checked<Reply> get_one_model(const Call& call);
Checked<Reply> get_props(const Call& call);
Checked<Reply> get_tokenizer_info(const Call& call);
Checked<Reply> get_version(const Call& call);
Checked<Reply> post_tokenize(const Call& call);
Checked<Reply> post_detokenize(const Call& call);
Checked<Reply> post_apply_template(const Call& call);
Checked<Reply> post_completion(const Call& call);
Checked<Reply> post_chat(const Call& call);
Checked<Reply> post_messages(const Call& call);
Checked<Reply> post_count_tokens(const Call& call);
Checked<Reply> post_embeddings(const Call& call);
Checked<Reply> post_responses(const Call& call);
Checked<Reply> get_response(const Call& call);
Checked<Reply> delete_response(const Call& call);

/// The body as a JSON object, kept alive by the document. Problems: 400, 413, 415.
Checked<mr::json::Document> read_body(const Call& call);

Response json_response(const boost::json::value& value, int status = 200);

}  // namespace mr::api

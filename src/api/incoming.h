#pragma once
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "api/http.h"
#include "api/limits.h"
#include "api/problem.h"

/// From the bytes of a request to what it says.
namespace mr::api {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

/// A parser with the limits set.
void prepare(Parser& parser, const Limits& limits);

/// The head of a request. Problems: 400, 415, 431, 501, 505.
Checked<HttpRequest> head_of(const Parser& parser, const Limits& limits);

/// What a parser's error is to a client.
Problem problem_of(const boost::system::error_code& error, const Limits& limits);

/// Whether the client waits to be told to send the body.
bool expects_continue(const HttpRequest& request);

}  // namespace mr::api

// Why: whoever opens the server's address in a browser gets a page that does everything, without a network.
// Thread: any; pure functions.
// What holds: an answer has the headers that keep a page apart from others and from everything that a model may write:
// only its own scripts run, no text becomes HTML, and it asks nobody but this server. Programs that do not ask for HTML
// get a line of text instead of the page. What has not changed is not sent again.
// Source: RFC 9110, sections 8.8.3 (ETag), 12.5.3 (Accept-Encoding), 13.1.2 (If-None-Match); Content Security Policy
// Level 3; Trusted Types.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"

namespace eai::page {

// The answer to "/".
http::Reply answer_root(const http::HeaderList& asked);

// The answer to "/page/<name>"; nothing if there is no such file.
std::optional<http::Reply> answer_file(std::string_view name, const http::HeaderList& asked);

// Whether an Accept-Encoding lets gzip be sent. Without the header it does not.
bool takes_gzip(std::string_view accept_encoding);

// Whether an If-None-Match names this mark, which stands in it with quotes.
bool knows(std::string_view if_none_match, std::string_view mark);

}  // namespace eai::page

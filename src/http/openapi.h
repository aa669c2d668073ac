// Why: programs and people read what a server answers from the table that it answers by.
// Thread: any; pure function.
// What holds: every route of the table is in the document, and nothing else is.
// Source: OpenAPI Specification 3.1.0.
#pragma once

#include <string>
#include <string_view>

#include "http/routes.h"

namespace eai::http {

struct ApiTitle {
  std::string_view title, version, description;
};

// The document, as JSON. Who may call is "security" (and "x-access" in one word), the largest body "x-body-limit" in
// bytes.
std::string openapi_of(const Routes& routes, const ApiTitle& title);

}  // namespace eai::http

#include "api/multipart.h"

#include <algorithm>
#include <optional>

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/trim.hpp>

namespace eai::api {
namespace {

Failure bad(std::string what) { return fail(Code::invalid, "the form is damaged: " + std::move(what)); }

// The value of `key` in `type; key=value; other="quoted \" value"`; nullopt when it is not there.
std::optional<std::string> parameter(std::string_view header, std::string_view key) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    header.remove_prefix(at + 1);
    while (!header.empty() && (header.front() == ' ' || header.front() == '\t')) header.remove_prefix(1);
    std::size_t equals = header.find('=');
    if (equals == std::string_view::npos) return {};
    bool wanted = boost::algorithm::iequals(header.substr(0, equals), key);
    header.remove_prefix(equals + 1);
    std::string value;
    if (!header.empty() && header.front() == '"') {
      std::size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size()) ++i;
        value.push_back(header[i]);
      }
      if (i >= header.size()) return {};
      header.remove_prefix(i + 1);
    } else {
      value = std::string(header.substr(0, header.find(';')));
      boost::algorithm::trim(value);
    }
    if (wanted) return value;
    at = header.find(';');
  }
  return {};
}

// The part's own headers; only its disposition matters here.
Result<FormPart> parse_part(std::string_view text) {
  FormPart part;
  bool named = false;
  for (;;) {
    std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return bad("the headers of a part have no end");
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty()) break;
    if (!boost::algorithm::istarts_with(line, "content-disposition:")) continue;
    auto name = parameter(line, "name");
    if (!name || name->empty()) return bad("a part has no name");
    part.name = *name;
    part.file_name = parameter(line, "filename").value_or("");
    named = true;
  }
  if (!named) return bad("a part has no name");
  part.content = text;
  return part;
}

}  // namespace

Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body) {
  if (!boost::algorithm::istarts_with(content_type, "multipart/form-data"))
    return fail(Code::invalid, "this endpoint takes a form: the content type must be multipart/form-data");
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return bad("its content type names no boundary");
  const std::string first = "--" + *boundary;
  const std::string next = "\r\n" + first;
  std::size_t at = body.starts_with(first) ? first.size() : body.find(next);
  if (at == std::string_view::npos) return bad("its body does not contain its boundary");
  if (!body.starts_with(first)) at += next.size();

  std::vector<FormPart> parts;
  for (;;) {
    body.remove_prefix(at);
    if (body.starts_with("--")) return parts;
    if (!body.starts_with("\r\n")) return bad("a boundary is followed by something other than a part");
    body.remove_prefix(2);
    // An empty content may follow its headers at once: then the boundary's line break is the headers' own.
    std::size_t end = body.find(next);
    if (end == std::string_view::npos) return bad("its last part does not end");
    if (parts.size() == k_form_part_limit) return bad("it has too many parts");
    EAI_TRY(FormPart part, parse_part(body.substr(0, end)));
    parts.push_back(std::move(part));
    at = end + next.size();
  }
}

}  // namespace eai::api

#include "http/target.h"

#include <algorithm>
#include <string_view>

namespace eai::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// The byte that the encoding at `at` stands for; -1 if there is none.
int encoded_at(std::string_view text, std::size_t at) {
  if (text[at] != '%' || text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_canonical(std::string_view path) {
  if (path.size() > 1 && path.back() == '/') return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' || (path[i] == '/' && i > 0 && path[i - 1] == '/')) return false;
  }
  return true;
}

}  // namespace

void make_canonical(std::string& target) {
  const std::size_t end = std::min(target.find('?'), target.size());
  const std::string_view path = std::string_view(target).substr(0, end);
  if (is_canonical(path)) return;
  std::size_t to = 0;
  for (std::size_t from = 0; from < end; ++from) {
    char c = path[from];
    if (const int value = encoded_at(path, from); is_unreserved(value)) {
      c = static_cast<char>(value);
      from += 2;
    }
    if (c != '/' || to == 0 || target[to - 1] != '/') target[to++] = c;
  }
  if (to > 1 && target[to - 1] == '/') --to;
  target.erase(to, end - to);
}

std::string decoded(std::string_view part) {
  std::string out;
  out.reserve(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) {
    const int value = encoded_at(part, i);
    out += value < 0 ? part[i] : static_cast<char>(value);
    if (value >= 0) i += 2;
  }
  return out;
}

}  // namespace eai::http

# The page that the server brings along: `make web` builds it with Node.js into EAI_PAGE, and its packed files become a
# part of the program. Without them, a plain page does. A package can give the folder of a page that was built elsewhere.
set(EAI_PAGE ${CMAKE_SOURCE_DIR}/build/web/packed CACHE PATH "The packed page, as `make web` makes it")
set(page_files ${CMAKE_BINARY_DIR}/page_files.cc)
file(GLOB packed CONFIGURE_DEPENDS ${EAI_PAGE}/*)
add_custom_command(
  OUTPUT ${page_files}
  COMMAND ${CMAKE_COMMAND} -D FROM=${EAI_PAGE} -D PLAIN=${CMAKE_SOURCE_DIR}/web/plain.html -D TO=${page_files}
    -P ${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake
  DEPENDS ${packed} ${CMAKE_SOURCE_DIR}/web/plain.html ${CMAKE_SOURCE_DIR}/cmake/embed_page.cmake
  VERBATIM)
target_sources(eai_page PRIVATE ${page_files})

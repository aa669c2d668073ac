# The tree under a prefix is the build tree: the program finds its engines and blocks by these paths beside bin/.
install(TARGETS eai RUNTIME DESTINATION bin)
install(DIRECTORY ${CMAKE_BINARY_DIR}/libexec/eai/ DESTINATION libexec/eai USE_SOURCE_PERMISSIONS)
install(FILES ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/eai)

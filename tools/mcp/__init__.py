"""MCP: tools of Model Context Protocol servers as operations."""

"""Reports as JSON documents, as XCom, and as log lines."""

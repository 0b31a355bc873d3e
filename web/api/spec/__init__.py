"""What the OpenAPI document says beyond the operations: types of documents, examples, events."""

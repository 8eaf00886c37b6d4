"""What an audit policy of Kubernetes has the API server write down."""

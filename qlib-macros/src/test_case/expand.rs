//! Writes the test.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::model::{Case, Plan};

/// A test that runs the function as it was written, inside an application of its own.
pub(crate) fn expand(case: &Case) -> TokenStream {
    let Case { plan, function } = case;
    let Plan {
        qlib,
        workers,
        preload,
        setup,
        store,
    } = plan;
    let (attributes, name, output) = (&function.attributes, &function.name, &function.output);
    let output = (!output.is_empty()).then(|| quote!(-> #output));
    let preload = preload.as_ref().map(|preload| quote!(.preload(#preload)));
    let setup = setup.as_ref().map(|setup| quote!(.setup(#setup)));
    let store = store.as_ref().map(|store| quote!(.store(#store)));
    let body = function.unadorned().to_token_stream();
    let call = match function.params.is_empty() {
        true => quote!(|_| #name()),
        false => quote!(#name),
    };
    quote! {
        #(#attributes)*
        #[#qlib::test]
        fn #name() #output {
            #body

            let plan = #qlib::TestPlan::new() #(.worker::<#workers>())* #preload #setup #store;
            #qlib::run_test(plan, #call)
        }
    }
}
